-- Gives leases back: what was due is due at once, or after a delay, and the claim counts for nothing. Answers how many were held.
DROP FUNCTION IF EXISTS ctx.release(text, text, uuid[], text[], uuid[], integer[]);
CREATE OR REPLACE FUNCTION ctx.release(p_owner text, p_secret text, p_tenant_ids uuid[], p_kinds text[], p_ids uuid[], p_claim_nos integer[],
  p_delay_ms integer DEFAULT 0)
RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan SET row_security = on SET client_min_messages = error
SET debug_print_parse = off SET debug_print_rewritten = off SET debug_print_plan = off
AS $$
DECLARE
  o ctx.owners := ctx.check_owner(p_owner, p_secret);
  size integer := ctx.list_size(
    ARRAY[array_dims(p_ids), array_dims(p_tenant_ids), array_dims(p_kinds), array_dims(p_claim_nos)],
    num_nulls(VARIADIC p_ids) + num_nulls(VARIADIC p_tenant_ids) + num_nulls(VARIADIC p_kinds) + num_nulls(VARIADIC p_claim_nos));
  released integer := 0;
  part integer;
BEGIN
  IF p_delay_ms IS NULL OR p_delay_ms < 0 OR p_delay_ms > 60000 THEN
    RAISE invalid_parameter_value USING MESSAGE = 'a delay lasts 0 to 60,000 ms', DETAIL = 'release.delay';
  END IF;
  IF size > 5000 THEN
    RAISE invalid_parameter_value USING MESSAGE = 'an owner holds at most 5,000 leases', DETAIL = 'release.size';
  END IF;
  FOR round IN 1..2 LOOP
    UPDATE ef.work w SET lease_owner = NULL, lease_until = NULL, attempts = greatest(w.attempts, 1) - 1,
           due_at = CASE WHEN p_delay_ms > 0 THEN greatest(w.due_at, clock_timestamp() + p_delay_ms * interval '1 millisecond') ELSE w.due_at END
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
    EXIT WHEN released = size;
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

GRANT EXECUTE ON FUNCTION ctx.release(text, text, uuid[], text[], uuid[], integer[], integer) TO ef_claim;
