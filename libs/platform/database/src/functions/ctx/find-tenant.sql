-- One tenant as ctx.list_tenants lists it; no row when there is none.
CREATE OR REPLACE FUNCTION ctx.find_tenant(p_tenant uuid)
RETURNS TABLE (tenant_id uuid, name text, placement text, status text, created_at timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 1
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan SET row_security = on SET client_min_messages = error
SET debug_print_parse = off SET debug_print_rewritten = off SET debug_print_plan = off
AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
    SELECT t.tenant_id, t.name, p.kind, t.status, t.created_at
      FROM ef.tenants t JOIN ctx.placements p ON p.tenant_id = t.tenant_id WHERE t.tenant_id = p_tenant;
END
$$;

GRANT EXECUTE ON FUNCTION ctx.find_tenant(uuid) TO ef_issuer;
