CREATE OR REPLACE FUNCTION ctx.resolve_key(p_hash bytea)
RETURNS TABLE (tenant_id uuid, key_id uuid, scopes text[])
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan SET row_security = on SET client_min_messages = error
SET debug_print_parse = off SET debug_print_rewritten = off SET debug_print_plan = off
AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY SELECT k.tenant_id, k.id, k.scopes FROM ef.api_keys k WHERE k.hash = p_hash AND k.revoked_at IS NULL;
END
$$;

GRANT EXECUTE ON FUNCTION ctx.resolve_key(bytea) TO ef_issuer;
