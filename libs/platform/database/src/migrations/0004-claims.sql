-- Leases: the only discovery of work across tenants, and the only way a worker earns tokens.
SET LOCAL ROLE ctx_owner;
SET LOCAL search_path = ctx;

-- What a workload's slots may claim, and which tokens they may open.
CREATE TABLE ctx.workloads (
  workload text PRIMARY KEY,
  kinds text[] NOT NULL,
  audiences text[] NOT NULL
);
INSERT INTO ctx.workloads VALUES
  ('executor', '{execution,outbox}', '{ef_worker,ef_writer}'),
  ('scheduler', '{schedule,release}', '{ef_scheduler,ef_writer}'),
  ('analytics', '{rollup}', '{ef_analytics}');

CREATE TABLE ctx.owners (
  owner text PRIMARY KEY,
  workload text NOT NULL REFERENCES ctx.workloads (workload),
  secret_hash bytea NOT NULL,
  kinds text[] NOT NULL,
  audiences text[] NOT NULL,
  registered_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- An owner's 5,000 leases in eight parts of 625, each an upper bound of what is held: a claim adds to one part that
-- no other transaction has locked, and only when all are full are the leases counted. So the flushes of one owner
-- do not wait for each other's commits, and the bound holds all the same.
CREATE TABLE ctx.owner_rooms (
  owner text NOT NULL REFERENCES ctx.owners (owner) ON DELETE CASCADE,
  part smallint NOT NULL,
  upper_bound integer NOT NULL DEFAULT 0,
  PRIMARY KEY (owner, part)
) WITH (fillfactor = 50);

-- One row a claim: behind every token that a worker opens there is one.
CREATE TABLE ctx.lease_audit (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  owner text NOT NULL,
  taken_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  leases integer NOT NULL,
  lease_until timestamptz NOT NULL,
  tenants uuid[] NOT NULL
);
CREATE INDEX lease_audit_taken ON ctx.lease_audit (taken_at);

CREATE FUNCTION ctx.check_owner(p_owner text, p_secret text) RETURNS ctx.owners
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog
AS $$
DECLARE
  found_owner ctx.owners;
BEGIN
  SELECT o.* INTO found_owner FROM ctx.owners o
   WHERE o.owner = p_owner AND o.secret_hash = sha256(convert_to(p_secret, 'UTF8'));
  IF NOT FOUND THEN
    RAISE insufficient_privilege USING MESSAGE = 'unknown lease owner or wrong secret', DETAIL = 'owner.refused';
  END IF;
  RETURN found_owner;
END
$$;

CREATE FUNCTION ctx.lease_end(p_lease_ms integer) RETURNS timestamptz
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog
AS $$
BEGIN
  IF p_lease_ms IS NULL OR p_lease_ms < 1 OR p_lease_ms > 30000 THEN
    RAISE invalid_parameter_value USING MESSAGE = 'a lease lasts 1 to 30,000 ms', DETAIL = 'lease.duration';
  END IF;
  RETURN clock_timestamp() + p_lease_ms * interval '1 millisecond';
END
$$;

-- Locks room for up to `wanted` more leases of the owner; the caller books what it took with ctx.book_room.
CREATE FUNCTION ctx.lock_room(p_owner text, wanted integer, OUT part smallint, OUT granted integer)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog
AS $$
DECLARE
  held integer;
BEGIN
  SELECT r.part INTO part FROM ctx.owner_rooms r
   WHERE r.owner = p_owner AND r.upper_bound + wanted <= 625
   ORDER BY r.part LIMIT 1 FOR UPDATE SKIP LOCKED;
  IF FOUND THEN
    granted := wanted;
    RETURN;
  END IF;
  PERFORM 1 FROM ctx.owner_rooms r WHERE r.owner = p_owner ORDER BY r.part FOR UPDATE;
  SELECT (SELECT count(*) FROM ef.work w WHERE w.lease_owner || '' = p_owner AND w.lease_until > clock_timestamp())
       + (SELECT count(*) FROM ef.outbox b WHERE b.lease_owner || '' = p_owner AND b.lease_until > clock_timestamp())
    INTO held;
  UPDATE ctx.owner_rooms r SET upper_bound = held / 8 + (r.part < held % 8)::integer WHERE r.owner = p_owner;
  part := 0;
  granted := least(wanted, greatest(5000 - held, 0));
END
$$;

CREATE FUNCTION ctx.book_room(p_owner text, p_part smallint, taken integer) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog
AS $$
BEGIN
  UPDATE ctx.owner_rooms r SET upper_bound = r.upper_bound + taken WHERE r.owner = p_owner AND r.part = p_part;
END
$$;

-- Every claim takes away at most four rows that are older than a week, so that the audit neither grows for ever nor
-- is ever cleaned at one blow.
CREATE FUNCTION ctx.prune_audit() RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog
AS $$
DECLARE
  -- A volatile function is no index condition: in the query it would have every claim read all rows kept.
  old timestamptz := clock_timestamp() - interval '7 days';
BEGIN
  DELETE FROM ctx.lease_audit a WHERE a.ctid = ANY (ARRAY(
    SELECT o.ctid FROM ctx.lease_audit o WHERE o.taken_at < old
     ORDER BY o.taken_at LIMIT 4 FOR UPDATE SKIP LOCKED));
END
$$;

-- Leases due rows, interactive before eco, by an index range and the locked ctid: nothing grows with the number of
-- tenants. Rows of a tenant that is moving or suspended are put off for 30 s, so that they are never scanned twice.
CREATE FUNCTION ctx.claim(p_owner text, p_secret text, p_kinds text[], p_n integer, p_lease_ms integer DEFAULT 15000)
RETURNS TABLE (tenant_id uuid, id uuid, kind text, segment integer, claim_no integer, wake_seq integer, lease_until timestamptz)
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
          SELECT l.tenant_id, l.id, l.kind, NULL::integer, l.claim_no, l.wake_seq, l.lease_until FROM leased l WHERE l.active;
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
        RETURNING b.tenant_id, b.execution_id, b.segment, b.lease_until, p.active
      ), audited AS (
        INSERT INTO ctx.lease_audit (owner, leases, lease_until, tenants)
        SELECT p_owner, count(*), ends, array_agg(DISTINCT l.tenant_id) FROM leased l WHERE l.active HAVING count(*) > 0
      )
      SELECT l.tenant_id, l.execution_id, 'outbox'::text, l.segment, 0, 0, l.lease_until FROM leased l WHERE l.active;
    GET DIAGNOSTICS taken = ROW_COUNT;
    left_over := left_over - taken;
  END IF;
  IF left_over < room.granted THEN
    PERFORM ctx.book_room(p_owner, room.part, room.granted - left_over);
    PERFORM ctx.prune_audit();
  END IF;
END
$$;

-- Extends live leases of the owner. Two statements: a row that a wake updated between the first one's snapshot
-- and its lock does not come back from it.
CREATE FUNCTION ctx.renew(p_owner text, p_secret text, p_tenant_ids uuid[], p_kinds text[], p_ids uuid[], p_claim_nos integer[], p_lease_ms integer DEFAULT 15000)
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
                  WHERE y.tenant_id = x.t AND y.execution_id = x.i
                    AND y.lease_owner = p_owner AND y.lease_until > clock_timestamp()
                    FOR UPDATE) k) l
       WHERE b.ctid = l.row_id
      RETURNING b.tenant_id, 'outbox'::text, b.execution_id, b.lease_until;
  END IF;
END
$$;

-- Gives leases back: what was due is due at once. Answers how many were held.
CREATE FUNCTION ctx.release(p_owner text, p_secret text, p_tenant_ids uuid[], p_kinds text[], p_ids uuid[], p_claim_nos integer[])
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
                WHERE y.tenant_id = x.t AND y.execution_id = x.i AND y.lease_owner = p_owner
                  FOR UPDATE) k) l
     WHERE b.ctid = l.row_id;
    GET DIAGNOSTICS part = ROW_COUNT;
    released := released + part;
  END IF;
  RETURN released;
END
$$;

-- Mints tokens for exactly the tenants of live, committed leases of the owner: in a transaction that has written
-- (so perhaps claimed, and may yet roll back) it refuses. A token ends with the last of the tenant's leases named.
CREATE FUNCTION ctx.open(p_owner text, p_secret text, p_tenant_ids uuid[], p_kinds text[], p_ids uuid[])
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
              WHERE y.tenant_id = x.t AND y.execution_id = x.i
                AND y.lease_owner = p_owner AND y.lease_until > clock_timestamp() OFFSET 0) b
        ) h GROUP BY h.t
      ) l
      CROSS JOIN LATERAL (SELECT y.schema_name, y.epoch FROM ctx.placements y
                           WHERE y.tenant_id = l.t AND y.state = 'active' OFFSET 0) p
      CROSS JOIN unnest(o.audiences) a (role);
END
$$;

-- Inserts work rows of this transaction's tenants, or wakes those that exist. With owner and secret (the one-process
-- shape) new rows are born leased, and claim_no and lease_until come back; of a woken row they are null.
CREATE FUNCTION ctx.enqueue(p_tenant_ids uuid[], p_kinds text[], p_ids uuid[], p_classes smallint[], p_due_ats timestamptz[],
  p_owner text DEFAULT NULL, p_secret text DEFAULT NULL, p_lease_ms integer DEFAULT 15000)
RETURNS TABLE (tenant_id uuid, id uuid, claim_no integer, lease_until timestamptz)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog ROWS 100
AS $$
#variable_conflict use_column
DECLARE
  members uuid[] := ctx.tenants();
  o ctx.owners;
  ends timestamptz;
  room record;
  size integer := coalesce(array_length(p_ids, 1), 0);
BEGIN
  IF EXISTS (SELECT unnest(p_tenant_ids) EXCEPT SELECT unnest(members)) THEN
    RAISE insufficient_privilege USING MESSAGE = 'work of a tenant outside this context', DETAIL = 'enqueue.tenant';
  END IF;
  IF size <> coalesce(array_length(p_tenant_ids, 1), 0) THEN
    RAISE invalid_parameter_value USING MESSAGE = 'the arrays of work differ in length', DETAIL = 'enqueue.size';
  END IF;
  IF p_owner IS NOT NULL THEN
    o := ctx.check_owner(p_owner, p_secret);
    ends := ctx.lease_end(p_lease_ms);
    IF NOT p_kinds <@ o.kinds THEN
      RAISE insufficient_privilege USING MESSAGE = 'this owner may not hold that kind', DETAIL = 'claim.kind';
    END IF;
    IF size > 500 THEN
      RAISE invalid_parameter_value USING MESSAGE = 'at most 500 rows are born leased at a time', DETAIL = 'claim.size';
    END IF;
    SELECT r.part, r.granted INTO room FROM ctx.lock_room(p_owner, size) r;
    IF room.granted < size THEN
      RAISE insufficient_resources USING MESSAGE = 'this owner holds as many leases as it may', DETAIL = 'owner.full';
    END IF;
    PERFORM ctx.book_room(p_owner, room.part, size);
    INSERT INTO ctx.lease_audit (owner, leases, lease_until, tenants)
    SELECT p_owner, size, ends, array_agg(DISTINCT t) FROM unnest(p_tenant_ids) t HAVING count(*) > 0;
    PERFORM ctx.prune_audit();
  END IF;
  RETURN QUERY
    INSERT INTO ef.work AS w (tenant_id, kind, id, class, due_at, lease_owner, lease_until, claim_no)
    SELECT x.t, x.k, x.i, x.c, coalesce(x.d, clock_timestamp()), p_owner, ends, (p_owner IS NOT NULL)::integer
      FROM unnest(p_tenant_ids, p_kinds, p_ids, p_classes, p_due_ats) x (t, k, i, c, d)
     ORDER BY x.t, x.k, x.i
    ON CONFLICT (tenant_id, kind, id) DO UPDATE
       SET wake_seq = w.wake_seq + 1, due_at = least(w.due_at, excluded.due_at)
    -- xmax is 0 only of a row this statement inserted.
    RETURNING w.tenant_id, w.id,
      CASE WHEN p_owner IS NOT NULL AND w.xmax = 0 THEN w.claim_no END,
      CASE WHEN p_owner IS NOT NULL AND w.xmax = 0 THEN w.lease_until END;
END
$$;

GRANT EXECUTE ON FUNCTION ctx.claim(text, text, text[], integer, integer), ctx.renew(text, text, uuid[], text[], uuid[], integer[], integer),
  ctx.release(text, text, uuid[], text[], uuid[], integer[]), ctx.open(text, text, uuid[], text[], uuid[]) TO ef_claim;
GRANT EXECUTE ON FUNCTION ctx.enqueue(uuid[], text[], uuid[], smallint[], timestamptz[], text, text, integer)
  TO ef_writer, ef_api, ef_scheduler, ef_registry;

RESET ROLE;
