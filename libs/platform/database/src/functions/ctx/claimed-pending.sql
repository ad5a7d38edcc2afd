-- Executions of the context's tenant that are or were claimed and have no checkpoint yet, newest first: the part of the
-- list of pending ones that no index of the tenant has. Read owner by owner, each by a range of the index of leases, so
-- it costs look-ups for each slot and the rows of the page, whatever else the tenant has. The flow may be NULL: any.
CREATE OR REPLACE FUNCTION ctx.claimed_pending(p_before uuid, p_limit integer, p_flow_key bigint)
RETURNS TABLE (id uuid)
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 50
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan SET row_security = on SET client_min_messages = error
SET debug_print_parse = off SET debug_print_rewritten = off SET debug_print_plan = off
AS $$
#variable_conflict use_column
DECLARE
  own uuid := ctx.tenant();
BEGIN
  RETURN QUERY
    SELECT n.id FROM ctx.owners o
     CROSS JOIN LATERAL (
       SELECT w.id FROM ef.work w
        WHERE w.lease_owner || '' = o.owner AND w.tenant_id = own AND w.id < p_before
          AND w.flow_key IS NOT NULL AND w.status = 'pending' AND w.flow_key = coalesce(p_flow_key, w.flow_key)
        ORDER BY w.id DESC LIMIT least(p_limit, 1001)) n
     WHERE 'execution' = ANY (o.kinds)
     ORDER BY n.id DESC LIMIT least(p_limit, 1001);
END
$$;

GRANT EXECUTE ON FUNCTION ctx.claimed_pending(uuid, integer, bigint) TO ef_api;
