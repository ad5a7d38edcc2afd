-- Extends live leases of the owner, with an audited row a call for those it extended: a lease that lives has one that is
-- younger than its longest time. A second statement for what the first did not get: a row that a wake updated between
-- its snapshot and its lock does not come back from it.
CREATE OR REPLACE FUNCTION ctx.renew(p_owner text, p_secret text, p_tenant_ids uuid[], p_kinds text[], p_ids uuid[], p_claim_nos integer[], p_lease_ms integer DEFAULT 15000)
RETURNS TABLE (tenant_id uuid, kind text, id uuid, lease_until timestamptz)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER ROWS 100
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan SET row_security = on SET client_min_messages = error
SET debug_print_parse = off SET debug_print_rewritten = off SET debug_print_plan = off
AS $$
#variable_conflict use_column
DECLARE
  o ctx.owners := ctx.check_owner(p_owner, p_secret);
  ends timestamptz := ctx.lease_end(p_lease_ms);
  size integer := ctx.list_size(
    ARRAY[array_dims(p_ids), array_dims(p_tenant_ids), array_dims(p_kinds), array_dims(p_claim_nos)],
    num_nulls(VARIADIC p_ids) + num_nulls(VARIADIC p_tenant_ids) + num_nulls(VARIADIC p_kinds) + num_nulls(VARIADIC p_claim_nos));
  renewed integer;
BEGIN
  IF size > 5000 THEN
    RAISE invalid_parameter_value USING MESSAGE = 'an owner holds at most 5,000 leases', DETAIL = 'renew.size';
  END IF;
  FOR round IN 1..2 LOOP
    RETURN QUERY
      WITH renewed AS (
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
        RETURNING w.tenant_id, w.kind, w.id
      ), audited AS (
        INSERT INTO ctx.lease_audit (owner, leases, lease_until, tenants)
        SELECT p_owner, count(*), ends, array_agg(DISTINCT r.tenant_id) FROM renewed r HAVING count(*) > 0
      )
      SELECT r.tenant_id, r.kind, r.id, ends FROM renewed r;
    GET DIAGNOSTICS renewed = ROW_COUNT;
    EXIT WHEN renewed = size;
  END LOOP;
  IF 'outbox' = ANY (p_kinds) THEN
    RETURN QUERY
      WITH renewed AS (
        UPDATE ef.outbox b SET lease_until = ends
          FROM (SELECT k.row_id
                  FROM (SELECT * FROM unnest(p_tenant_ids, p_kinds, p_ids) u (t, k, i) WHERE u.k = 'outbox' ORDER BY 1, 3) x
                 CROSS JOIN LATERAL (
                   SELECT y.ctid AS row_id FROM ef.outbox y
                    WHERE y.tenant_id = x.t AND y.id = x.i
                      AND y.lease_owner = p_owner AND y.lease_until > clock_timestamp()
                      FOR UPDATE) k) l
         WHERE b.ctid = l.row_id
        RETURNING b.tenant_id, b.id
      ), audited AS (
        INSERT INTO ctx.lease_audit (owner, leases, lease_until, tenants)
        SELECT p_owner, count(*), ends, array_agg(DISTINCT r.tenant_id) FROM renewed r HAVING count(*) > 0
      )
      SELECT r.tenant_id, 'outbox'::text, r.id, ends FROM renewed r;
  END IF;
  PERFORM ctx.prune_audit();
END
$$;

GRANT EXECUTE ON FUNCTION ctx.renew(text, text, uuid[], text[], uuid[], integer[], integer) TO ef_claim;
