-- A further API key of a tenant; NULL when there is no such tenant. Ten at most are valid at a time: two are enough to
-- replace one by the other.
CREATE OR REPLACE FUNCTION ctx.add_api_key(p_tenant uuid, p_key uuid, p_hash bytea, p_scopes text[]) RETURNS timestamptz
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan SET row_security = on SET client_min_messages = error
SET debug_print_parse = off SET debug_print_rewritten = off SET debug_print_plan = off
AS $$
DECLARE
  made timestamptz := date_trunc('milliseconds', clock_timestamp());
BEGIN
  IF ctx.list_size(ARRAY[array_dims(p_scopes)], num_nulls(VARIADIC p_scopes)) > 50 THEN
    RAISE invalid_parameter_value USING MESSAGE = 'a key has at most 50 scopes', DETAIL = 'key.scopes';
  END IF;
  -- Keys of one tenant are added one after the other, so that their number holds.
  PERFORM 1 FROM ef.tenants t WHERE t.tenant_id = p_tenant FOR UPDATE;
  IF NOT FOUND THEN
    RETURN NULL;
  END IF;
  IF (SELECT count(*) FROM ef.api_keys k WHERE k.tenant_id = p_tenant AND k.revoked_at IS NULL) >= 10 THEN
    RAISE insufficient_resources USING MESSAGE = 'a tenant has at most ten valid keys', DETAIL = 'key.count';
  END IF;
  INSERT INTO ef.api_keys (tenant_id, id, hash, scopes, created_at) VALUES (p_tenant, p_key, p_hash, p_scopes, made);
  RETURN made;
END
$$;

GRANT EXECUTE ON FUNCTION ctx.add_api_key(uuid, uuid, bytea, text[]) TO ef_issuer;
