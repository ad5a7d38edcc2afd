-- Leases due rows, interactive before eco, by an index range and the locked ctid: nothing grows with the number of
-- tenants. Rows of a tenant that is moving or suspended are put off for 30 s, so that they are never scanned twice.
-- Counts the claims since the last checkpoint of who has a version (who has none knows of no count and never ends it), and says whether the claim before was given back with a
-- reason: each claim takes the reason away. What needs a newer version is left to it for 2 s, and then put off for a
-- minute, so that no version scans it at every claim.
DROP FUNCTION IF EXISTS ctx.claim(text, text, text[], integer, integer);
CREATE OR REPLACE FUNCTION ctx.claim(p_owner text, p_secret text, p_kinds text[], p_n integer, p_lease_ms integer DEFAULT 15000, p_version integer DEFAULT 0)
RETURNS TABLE (tenant_id uuid, id uuid, kind text, claim_no integer, wake_seq integer, lease_until timestamptz, attempts integer, deferred boolean)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER ROWS 100
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan SET row_security = on SET client_min_messages = error
SET debug_print_parse = off SET debug_print_rewritten = off SET debug_print_plan = off
AS $$
#variable_conflict use_column
DECLARE
  o ctx.owners := ctx.check_owner(p_owner, p_secret);
  ends timestamptz := ctx.lease_end(p_lease_ms);
  put_off timestamptz := clock_timestamp() + interval '30 seconds';
  left_alone timestamptz := clock_timestamp() + interval '1 minute';
  due timestamptz := clock_timestamp();
  overdue timestamptz := clock_timestamp() - interval '2 seconds';
  room record;
  left_over integer;
  taken integer;
  k text;
BEGIN
  IF p_version IS NULL THEN
    RAISE invalid_parameter_value USING MESSAGE = 'a claim names the version of the claimer', DETAIL = 'claim.version';
  END IF;
  IF p_n IS NULL OR p_n < 1 OR p_n > 500 THEN
    RAISE invalid_parameter_value USING MESSAGE = 'a claim takes 1 to 500 rows', DETAIL = 'claim.size';
  END IF;
  IF p_kinds IS NULL OR NOT p_kinds <@ o.kinds THEN
    RAISE insufficient_privilege USING MESSAGE = 'this owner may not claim that kind', DETAIL = 'claim.kind';
  END IF;
  IF ctx.list_size(ARRAY[array_dims(p_kinds)], num_nulls(VARIADIC p_kinds)) > cardinality(o.kinds) THEN
    RAISE invalid_parameter_value USING MESSAGE = 'a kind is claimed once', DETAIL = 'claim.kinds';
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
            SELECT w.ctid AS row_id, w.tenant_id, w.reason IS NOT NULL AS deferred, w.version <= p_version AS known
              FROM ef.work w
             WHERE w.kind = k AND w.class = c::smallint AND w.ready_at <= due
               AND (w.version <= p_version OR w.ready_at <= overdue)
             ORDER BY w.ready_at LIMIT left_over FOR UPDATE SKIP LOCKED
          ), placed AS MATERIALIZED (
            SELECT r.row_id, r.deferred, r.known, p.active AND r.known AS active FROM ready r
              LEFT JOIN LATERAL (SELECT true AS active FROM ctx.placements y
                                  WHERE y.tenant_id = r.tenant_id AND y.state = 'active' OFFSET 0) p ON true
          ), leased AS (
            UPDATE ef.work w
               SET lease_owner = CASE WHEN p.active THEN p_owner END,
                   lease_until = CASE WHEN p.active THEN ends WHEN p.known THEN put_off ELSE left_alone END,
                   claim_no = w.claim_no + 1,
                   -- A role may write the number: beyond what it holds, one row would fail every claim.
                   attempts = CASE WHEN p_version > 0 THEN least(w.attempts, 2147483646) + coalesce(p.active, false)::integer ELSE 0 END,
                   reason = CASE WHEN p.active THEN NULL ELSE w.reason END
              FROM placed p WHERE w.ctid = p.row_id
            RETURNING w.tenant_id, w.id, w.kind, w.claim_no, w.wake_seq, w.lease_until, w.attempts, p.deferred, p.active
          ), audited AS (
            INSERT INTO ctx.lease_audit (owner, leases, lease_until, tenants)
            SELECT p_owner, count(*), ends, array_agg(DISTINCT l.tenant_id) FROM leased l WHERE l.active HAVING count(*) > 0
          )
          SELECT l.tenant_id, l.id, l.kind, l.claim_no, l.wake_seq, l.lease_until, l.attempts, l.deferred FROM leased l WHERE l.active;
        GET DIAGNOSTICS taken = ROW_COUNT;
        left_over := left_over - taken;
        EXIT WHEN left_over < 1 OR NOT EXISTS (
          SELECT 1 FROM (SELECT 1 FROM ef.work w WHERE w.kind = k AND w.class = c::smallint AND w.ready_at <= due
                            AND (w.version <= p_version OR w.ready_at <= overdue)
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
      SELECT l.tenant_id, l.id, 'outbox'::text, 0, 0, l.lease_until, 0, false FROM leased l WHERE l.active;
    GET DIAGNOSTICS taken = ROW_COUNT;
    left_over := left_over - taken;
  END IF;
  IF left_over < room.granted THEN
    PERFORM ctx.book_room(p_owner, room.part, room.granted - left_over);
    PERFORM ctx.prune_audit();
  END IF;
END
$$;

GRANT EXECUTE ON FUNCTION ctx.claim(text, text, text[], integer, integer, integer) TO ef_claim;
