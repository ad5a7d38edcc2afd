-- Whether a user still exists: a JWT outlives neither its user nor its tenant.
CREATE OR REPLACE FUNCTION ctx.user_exists(p_tenant uuid, p_user uuid) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan SET row_security = on SET client_min_messages = error
SET debug_print_parse = off SET debug_print_rewritten = off SET debug_print_plan = off
AS $$
BEGIN
  RETURN EXISTS (SELECT 1 FROM ef.users u WHERE u.tenant_id = p_tenant AND u.id = p_user);
END
$$;

GRANT EXECUTE ON FUNCTION ctx.user_exists(uuid, uuid) TO ef_issuer;
