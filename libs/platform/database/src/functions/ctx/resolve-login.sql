CREATE OR REPLACE FUNCTION ctx.resolve_login(p_email text)
RETURNS TABLE (tenant_id uuid, user_id uuid, password_hash text)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan SET row_security = on SET client_min_messages = error
SET debug_print_parse = off SET debug_print_rewritten = off SET debug_print_plan = off
AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY SELECT u.tenant_id, u.id, u.password_hash FROM ef.users u WHERE lower(u.email) = lower(p_email);
END
$$;

GRANT EXECUTE ON FUNCTION ctx.resolve_login(text) TO ef_issuer;
