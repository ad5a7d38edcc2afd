-- One row of the outbox for a tenant's share of a flush, instead of one an execution: a tenth of what an execution
-- writes to the log was its outbox row, with two index entries and its removal.
SET LOCAL ROLE ef_owner;
SET LOCAL search_path = ef;

-- No default may read the table: its rows are hidden from its owner too.
ALTER TABLE outbox DROP CONSTRAINT outbox_pkey, ADD COLUMN id uuid NOT NULL DEFAULT gen_random_uuid();
ALTER TABLE outbox ALTER COLUMN id DROP DEFAULT;
ALTER TABLE outbox ADD PRIMARY KEY (tenant_id, id);
ALTER TABLE outbox RENAME COLUMN execution_id TO executions;
ALTER TABLE outbox RENAME COLUMN segment TO segments;
ALTER TABLE outbox ALTER COLUMN executions TYPE uuid[] USING ARRAY[executions], ALTER COLUMN segments TYPE integer[] USING ARRAY[segments];
-- In the row as long as they fit: each part elsewhere would be rows and index entries again.
ALTER TABLE outbox ALTER COLUMN executions SET STORAGE MAIN, ALTER COLUMN segments SET STORAGE MAIN;
GRANT SELECT (id) ON outbox TO ef_worker;
GRANT INSERT (id), SELECT (id) ON outbox TO ef_writer;
GRANT INSERT (id) ON outbox TO ef_scheduler;

RESET ROLE;
SET LOCAL ROLE ctx_owner;
SET LOCAL search_path = ctx;

-- As before, but for the outbox, of which an id is claimed.
DROP FUNCTION ctx.claim(text, text, text[], integer, integer);
CREATE FUNCTION ctx.claim(p_owner text, p_secret text, p_kinds text[], p_n integer, p_lease_ms integer DEFAULT 15000)
RETURNS TABLE (tenant_id uuid, id uuid, kind text, claim_no integer, wake_seq integer, lease_until timestamptz)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog ROWS 100
AS $$
#variable_conflict use_column
DECLARE
  o ctx.owners := ctx.check_owner(p_owner, p_secret);
  ends timestamptz := ctx.lease_end(p_lease_ms);
  put_off timestamptz := clock_timestamp() + interval '30 seconds';
  due timestamptz := clock_timestamp();
  room record;
  left_over integer;
  taken integer;
  k text;
BEGIN
  IF p_n IS NULL OR p_n < 1 OR p_n > 500 THEN
    RAISE invalid_parameter_value USING MESSAGE = 'a claim takes 1 to 500 rows', DETAIL = 'claim.size';
  END IF;
  IF p_kinds IS NULL OR NOT p_kinds <@ o.kinds THEN
    RAISE insufficient_privilege USING MESSAGE = 'this owner may not claim that kind', DETAIL = 'claim.kind';
  END IF;
  -- An idle poll writes nothing.
  IF NOT EXISTS (SELECT 1 FROM unnest(p_kinds) x (kind) CROSS JOIN (VALUES (0::smallint), (1::smallint)) c (class)
                  WHERE x.kind <> 'outbox' AND EXISTS (SELECT 1 FROM ef.work w WHERE w.kind = x.kind AND w.class = c.class AND w.ready_at <= due OFFSET 0))
     AND NOT ('outbox' = ANY (p_kinds) AND EXISTS (SELECT 1 FROM ef.outbox b WHERE b.ready_at <= due)) THEN
    RETURN;
  END IF;
  SELECT r.part, r.granted INTO room FROM ctx.lock_room(p_owner, p_n) r;
  left_over := room.granted;
  FOR c IN 0..1 LOOP
    FOREACH k IN ARRAY p_kinds LOOP
      CONTINUE WHEN k = 'outbox';
      -- More than one round only when rows were put off or had just been changed by a wake.
      FOR round IN 1..20 LOOP
        EXIT WHEN left_over < 1;
        RETURN QUERY
          WITH ready AS MATERIALIZED (
            SELECT w.ctid AS row_id, w.tenant_id FROM ef.work w
             WHERE w.kind = k AND w.class = c::smallint AND w.ready_at <= due
             ORDER BY w.ready_at LIMIT left_over FOR UPDATE SKIP LOCKED
          ), placed AS MATERIALIZED (
            SELECT r.row_id, p.active FROM ready r
              LEFT JOIN LATERAL (SELECT true AS active FROM ctx.placements y
                                  WHERE y.tenant_id = r.tenant_id AND y.state = 'active' OFFSET 0) p ON true
          ), leased AS (
            UPDATE ef.work w
               SET lease_owner = CASE WHEN p.active THEN p_owner END,
                   lease_until = CASE WHEN p.active THEN ends ELSE put_off END,
                   claim_no = w.claim_no + 1
              FROM placed p WHERE w.ctid = p.row_id
            RETURNING w.tenant_id, w.id, w.kind, w.claim_no, w.wake_seq, w.lease_until, p.active
          ), audited AS (
            INSERT INTO ctx.lease_audit (owner, leases, lease_until, tenants)
            SELECT p_owner, count(*), ends, array_agg(DISTINCT l.tenant_id) FROM leased l WHERE l.active HAVING count(*) > 0
          )
          SELECT l.tenant_id, l.id, l.kind, l.claim_no, l.wake_seq, l.lease_until FROM leased l WHERE l.active;
        GET DIAGNOSTICS taken = ROW_COUNT;
        left_over := left_over - taken;
        EXIT WHEN left_over < 1 OR NOT EXISTS (
          SELECT 1 FROM (SELECT 1 FROM ef.work w WHERE w.kind = k AND w.class = c::smallint AND w.ready_at <= due
                          ORDER BY w.ready_at LIMIT 1 FOR UPDATE SKIP LOCKED) again);
      END LOOP;
    END LOOP;
  END LOOP;
  IF 'outbox' = ANY (p_kinds) AND left_over > 0 THEN
    RETURN QUERY
      WITH ready AS MATERIALIZED (
        SELECT b.ctid AS row_id, b.tenant_id FROM ef.outbox b WHERE b.ready_at <= due
         ORDER BY b.ready_at LIMIT left_over FOR UPDATE SKIP LOCKED
      ), placed AS MATERIALIZED (
        SELECT r.row_id, p.active FROM ready r
          LEFT JOIN LATERAL (SELECT true AS active FROM ctx.placements y
                              WHERE y.tenant_id = r.tenant_id AND y.state = 'active' OFFSET 0) p ON true
      ), leased AS (
        UPDATE ef.outbox b
           SET lease_owner = CASE WHEN p.active THEN p_owner END,
               lease_until = CASE WHEN p.active THEN ends ELSE put_off END
          FROM placed p WHERE b.ctid = p.row_id
        RETURNING b.tenant_id, b.id, b.lease_until, p.active
      ), audited AS (
        INSERT INTO ctx.lease_audit (owner, leases, lease_until, tenants)
        SELECT p_owner, count(*), ends, array_agg(DISTINCT l.tenant_id) FROM leased l WHERE l.active HAVING count(*) > 0
      )
      SELECT l.tenant_id, l.id, 'outbox'::text, 0, 0, l.lease_until FROM leased l WHERE l.active;
    GET DIAGNOSTICS taken = ROW_COUNT;
    left_over := left_over - taken;
  END IF;
  IF left_over < room.granted THEN
    PERFORM ctx.book_room(p_owner, room.part, room.granted - left_over);
    PERFORM ctx.prune_audit();
  END IF;
END
$$;
REVOKE EXECUTE ON FUNCTION ctx.claim(text, text, text[], integer, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ctx.claim(text, text, text[], integer, integer) TO ef_claim;

CREATE OR REPLACE FUNCTION ctx.renew(p_owner text, p_secret text, p_tenant_ids uuid[], p_kinds text[], p_ids uuid[], p_claim_nos integer[], p_lease_ms integer DEFAULT 15000)
RETURNS TABLE (tenant_id uuid, kind text, id uuid, lease_until timestamptz)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog ROWS 100
AS $$
#variable_conflict use_column
DECLARE
  o ctx.owners := ctx.check_owner(p_owner, p_secret);
  ends timestamptz := ctx.lease_end(p_lease_ms);
  renewed integer;
BEGIN
  FOR round IN 1..2 LOOP
    RETURN QUERY
      UPDATE ef.work w SET lease_until = ends
        FROM (SELECT k.row_id
                FROM (SELECT * FROM unnest(p_tenant_ids, p_kinds, p_ids, p_claim_nos) u (t, k, i, n) ORDER BY 1, 2, 3) x
               CROSS JOIN LATERAL (
                 SELECT y.ctid AS row_id FROM ef.work y
                  WHERE y.tenant_id = x.t AND y.kind = x.k AND y.id = x.i
                    AND y.lease_owner = p_owner AND y.claim_no = x.n
                    AND y.lease_until > clock_timestamp() AND y.lease_until <> ends
                    FOR UPDATE) k) l
       WHERE w.ctid = l.row_id
      RETURNING w.tenant_id, w.kind, w.id, w.lease_until;
    GET DIAGNOSTICS renewed = ROW_COUNT;
    EXIT WHEN renewed = coalesce(array_length(p_ids, 1), 0);
  END LOOP;
  IF 'outbox' = ANY (p_kinds) THEN
    RETURN QUERY
      UPDATE ef.outbox b SET lease_until = ends
        FROM (SELECT k.row_id
                FROM (SELECT * FROM unnest(p_tenant_ids, p_kinds, p_ids) u (t, k, i) WHERE u.k = 'outbox' ORDER BY 1, 3) x
               CROSS JOIN LATERAL (
                 SELECT y.ctid AS row_id FROM ef.outbox y
                  WHERE y.tenant_id = x.t AND y.id = x.i
                    AND y.lease_owner = p_owner AND y.lease_until > clock_timestamp()
                    FOR UPDATE) k) l
       WHERE b.ctid = l.row_id
      RETURNING b.tenant_id, 'outbox'::text, b.id, b.lease_until;
  END IF;
END
$$;

CREATE OR REPLACE FUNCTION ctx.release(p_owner text, p_secret text, p_tenant_ids uuid[], p_kinds text[], p_ids uuid[], p_claim_nos integer[])
RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog
AS $$
DECLARE
  o ctx.owners := ctx.check_owner(p_owner, p_secret);
  released integer := 0;
  part integer;
BEGIN
  FOR round IN 1..2 LOOP
    UPDATE ef.work w SET lease_owner = NULL, lease_until = NULL
      FROM (SELECT k.row_id
              FROM (SELECT * FROM unnest(p_tenant_ids, p_kinds, p_ids, p_claim_nos) u (t, k, i, n) ORDER BY 1, 2, 3) x
             CROSS JOIN LATERAL (
               SELECT y.ctid AS row_id FROM ef.work y
                WHERE y.tenant_id = x.t AND y.kind = x.k AND y.id = x.i
                  AND y.lease_owner = p_owner AND y.claim_no = x.n
                  FOR UPDATE) k) l
     WHERE w.ctid = l.row_id;
    GET DIAGNOSTICS part = ROW_COUNT;
    released := released + part;
    EXIT WHEN released = coalesce(array_length(p_ids, 1), 0);
  END LOOP;
  IF 'outbox' = ANY (p_kinds) THEN
    UPDATE ef.outbox b SET lease_owner = NULL, lease_until = NULL
      FROM (SELECT k.row_id
              FROM (SELECT * FROM unnest(p_tenant_ids, p_kinds, p_ids) u (t, k, i) WHERE u.k = 'outbox' ORDER BY 1, 3) x
             CROSS JOIN LATERAL (
               SELECT y.ctid AS row_id FROM ef.outbox y
                WHERE y.tenant_id = x.t AND y.id = x.i AND y.lease_owner = p_owner
                  FOR UPDATE) k) l
     WHERE b.ctid = l.row_id;
    GET DIAGNOSTICS part = ROW_COUNT;
    released := released + part;
  END IF;
  RETURN released;
END
$$;

CREATE OR REPLACE FUNCTION ctx.open(p_owner text, p_secret text, p_tenant_ids uuid[], p_kinds text[], p_ids uuid[])
RETURNS TABLE (tenant_id uuid, audience text, token text, expires_at timestamptz, schema_name text, epoch integer)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog ROWS 100
AS $$
#variable_conflict use_column
DECLARE
  o ctx.owners;
  signer record;
BEGIN
  IF pg_current_xact_id_if_assigned() IS NOT NULL THEN
    RAISE insufficient_privilege USING MESSAGE = 'tokens are opened in a transaction that has written nothing', DETAIL = 'open.uncommitted';
  END IF;
  o := ctx.check_owner(p_owner, p_secret);
  IF coalesce(array_length(p_ids, 1), 0) > 500 THEN
    RAISE invalid_parameter_value USING MESSAGE = 'at most 500 leases are opened at a time', DETAIL = 'open.size';
  END IF;
  SELECT y.kid, y.ipad, y.opad INTO STRICT signer FROM ctx.keys y
   WHERE y.purpose = 'token' AND y.retired_at IS NULL ORDER BY y.created_at DESC LIMIT 1;
  RETURN QUERY
    SELECT l.t, a.role,
           ctx.sign(signer.kid, signer.ipad, signer.opad, l.t, a.role, 'lease', p.epoch, floor(extract(epoch FROM l.ends) * 1000)::bigint),
           l.ends, p.schema_name, p.epoch
      FROM (
        SELECT h.t, max(h.ends) AS ends FROM (
          SELECT x.t, w.lease_until AS ends
            FROM (SELECT u.t, u.k, u.i FROM unnest(p_tenant_ids, p_kinds, p_ids) u (t, k, i)) x
           CROSS JOIN LATERAL (
             SELECT y.lease_until FROM ef.work y
              WHERE y.tenant_id = x.t AND y.kind = x.k AND y.id = x.i
                AND y.lease_owner = p_owner AND y.lease_until > clock_timestamp() OFFSET 0) w
          UNION ALL
          SELECT x.t, b.lease_until
            FROM (SELECT u.t, u.k, u.i FROM unnest(p_tenant_ids, p_kinds, p_ids) u (t, k, i) WHERE u.k = 'outbox') x
           CROSS JOIN LATERAL (
             SELECT y.lease_until FROM ef.outbox y
              WHERE y.tenant_id = x.t AND y.id = x.i
                AND y.lease_owner = p_owner AND y.lease_until > clock_timestamp() OFFSET 0) b
        ) h GROUP BY h.t
      ) l
      CROSS JOIN LATERAL (SELECT y.schema_name, y.epoch FROM ctx.placements y
                           WHERE y.tenant_id = l.t AND y.state = 'active' OFFSET 0) p
      CROSS JOIN unnest(o.audiences) a (role);
END
$$;

RESET ROLE;
