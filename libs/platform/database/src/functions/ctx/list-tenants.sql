-- By id, so oldest first; `p_after` is the last id of the page before.
CREATE OR REPLACE FUNCTION ctx.list_tenants(p_after uuid, p_limit integer)
RETURNS TABLE (tenant_id uuid, name text, placement text, status text, created_at timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan SET row_security = on SET client_min_messages = error
SET debug_print_parse = off SET debug_print_rewritten = off SET debug_print_plan = off
AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
    SELECT t.tenant_id, t.name, p.kind, t.status, t.created_at
      FROM ef.tenants t
     CROSS JOIN LATERAL (SELECT y.kind FROM ctx.placements y WHERE y.tenant_id = t.tenant_id OFFSET 0) p
     -- No tenant has the first of all ids; an OR would read all that come before, a generic plan being what it is.
     WHERE t.tenant_id > coalesce(p_after, '00000000-0000-0000-0000-000000000000')
     ORDER BY t.tenant_id LIMIT least(greatest(p_limit, 0), 1000);
END
$$;

GRANT EXECUTE ON FUNCTION ctx.list_tenants(uuid, integer) TO ef_issuer;
