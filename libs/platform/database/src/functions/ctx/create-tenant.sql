-- A new tenant with its first key and its first user; a schema placement brings its tables.
CREATE OR REPLACE FUNCTION ctx.create_tenant(p_tenant uuid, p_name text, p_limits json, p_placement text,
  p_key_id uuid, p_key_hash bytea, p_scopes text[], p_user_id uuid, p_email text, p_password_hash text) RETURNS timestamptz
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan SET row_security = on SET client_min_messages = error
SET debug_print_parse = off SET debug_print_rewritten = off SET debug_print_plan = off
AS $$
DECLARE
  place text := CASE p_placement WHEN 'shared' THEN 'ef' ELSE 'tenant_' || replace(p_tenant::text, '-', '') END;
  made timestamptz := date_trunc('milliseconds', clock_timestamp());
BEGIN
  IF ctx.list_size(ARRAY[array_dims(p_scopes)], num_nulls(VARIADIC p_scopes)) > 100 THEN
    RAISE invalid_parameter_value USING MESSAGE = 'a key has at most 100 scopes', DETAIL = 'tenant.scopes';
  END IF;
  INSERT INTO ef.tenants (tenant_id, name, limits, created_at) VALUES (p_tenant, p_name, p_limits, made);
  INSERT INTO ctx.placements (tenant_id, kind, schema_name) VALUES (p_tenant, p_placement, place);
  INSERT INTO ef.api_keys (tenant_id, id, hash, scopes) VALUES (p_tenant, p_key_id, p_key_hash, p_scopes);
  INSERT INTO ef.users (tenant_id, id, email, password_hash) VALUES (p_tenant, p_user_id, p_email, p_password_hash);
  IF p_placement = 'schema' THEN
    PERFORM ef.create_placement(place);
  END IF;
  -- The first key expires a day from now.
  INSERT INTO ef.work (tenant_id, kind, id, due_at)
  VALUES (p_tenant, 'sweep', '00000000-0000-7000-8000-000000000000', made + interval '1 day');
  RETURN made;
END
$$;

GRANT EXECUTE ON FUNCTION ctx.create_tenant(uuid, text, json, text, uuid, bytea, text[], uuid, text, text) TO ef_issuer;
