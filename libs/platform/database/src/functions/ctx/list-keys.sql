-- The API keys of a tenant, oldest first, without their hashes.
CREATE OR REPLACE FUNCTION ctx.list_keys(p_tenant uuid)
RETURNS TABLE (key_id uuid, created_at timestamptz, revoked_at timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 10
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan SET row_security = on SET client_min_messages = error
SET debug_print_parse = off SET debug_print_rewritten = off SET debug_print_plan = off
AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY SELECT k.id, k.created_at, k.revoked_at FROM ef.api_keys k WHERE k.tenant_id = p_tenant ORDER BY k.id;
END
$$;

GRANT EXECUTE ON FUNCTION ctx.list_keys(uuid) TO ef_issuer;
