-- Ends an API key. Cached tokens of it live at most 60 s more.
CREATE OR REPLACE FUNCTION ctx.revoke_key(p_tenant uuid, p_key uuid) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan SET row_security = on SET client_min_messages = error
SET debug_print_parse = off SET debug_print_rewritten = off SET debug_print_plan = off
AS $$
BEGIN
  UPDATE ef.api_keys k SET revoked_at = clock_timestamp() WHERE k.tenant_id = p_tenant AND k.id = p_key AND k.revoked_at IS NULL;
  RETURN FOUND;
END
$$;

GRANT EXECUTE ON FUNCTION ctx.revoke_key(uuid, uuid) TO ef_issuer;
