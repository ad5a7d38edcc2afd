-- Answers whether there is such a tenant. Contexts and claims of a suspended tenant are refused from the commit on.
CREATE OR REPLACE FUNCTION ctx.suspend_tenant(p_tenant uuid, p_suspended boolean) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan SET row_security = on SET client_min_messages = error
SET debug_print_parse = off SET debug_print_rewritten = off SET debug_print_plan = off
AS $$
BEGIN
  IF p_suspended IS NULL THEN
    RAISE invalid_parameter_value USING MESSAGE = 'a tenant is suspended or not', DETAIL = 'tenant.suspended';
  END IF;
  UPDATE ef.tenants t SET status = CASE WHEN p_suspended THEN 'suspended' ELSE 'active' END WHERE t.tenant_id = p_tenant;
  UPDATE ctx.placements p SET state = CASE WHEN p_suspended THEN 'suspended' ELSE 'active' END
   WHERE p.tenant_id = p_tenant AND p.state <> 'moving';
  RETURN FOUND;
END
$$;

GRANT EXECUTE ON FUNCTION ctx.suspend_tenant(uuid, boolean) TO ef_issuer;
