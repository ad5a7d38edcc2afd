-- Tokens of one active tenant, one a role; no row when the tenant is unknown, suspended or moving.
CREATE OR REPLACE FUNCTION ctx.mint(p_tenant uuid, p_audiences text[], p_scope text, p_ttl_ms integer)
RETURNS TABLE (audience text, token text, expires_at timestamptz, placement text, schema_name text, epoch integer, limits json)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan SET row_security = on SET client_min_messages = error
SET debug_print_parse = off SET debug_print_rewritten = off SET debug_print_plan = off
AS $$
#variable_conflict use_column
DECLARE
  kid text;
  inner_pad bytea;
  outer_pad bytea;
  expires bigint;
BEGIN
  IF p_ttl_ms IS NULL OR p_ttl_ms < 1 OR p_ttl_ms > 60000 THEN
    RAISE invalid_parameter_value USING MESSAGE = 'a token lives 1 to 60,000 ms', DETAIL = 'mint.duration';
  END IF;
  IF p_scope IS NULL OR p_scope !~ '^[a-z0-9:_ -]{1,200}$' THEN
    RAISE invalid_parameter_value USING MESSAGE = 'not a scope', DETAIL = 'mint.scope';
  END IF;
  IF p_audiences IS NULL OR NOT p_audiences <@ '{ef_api,ef_registry,ef_worker,ef_writer,ef_scheduler,ef_analytics}'::text[] THEN
    RAISE insufficient_privilege USING MESSAGE = 'no tokens are minted for that role', DETAIL = 'mint.audience';
  END IF;
  IF ctx.list_size(ARRAY[array_dims(p_audiences)], num_nulls(VARIADIC p_audiences)) > 6 THEN
    RAISE invalid_parameter_value USING MESSAGE = 'a role gets one token', DETAIL = 'mint.size';
  END IF;
  SELECT y.kid, y.ipad, y.opad INTO STRICT kid, inner_pad, outer_pad FROM ctx.keys y
   WHERE y.purpose = 'token' AND y.retired_at IS NULL ORDER BY y.created_at DESC LIMIT 1;
  SELECT p.kind, p.schema_name, p.epoch, t.limits INTO placement, schema_name, epoch, limits
    FROM ctx.placements p JOIN ef.tenants t ON t.tenant_id = p.tenant_id
   WHERE p.tenant_id = p_tenant AND p.state = 'active';
  IF NOT FOUND THEN
    RETURN;
  END IF;
  expires_at := clock_timestamp() + p_ttl_ms * interval '1 millisecond';
  expires := floor(extract(epoch FROM expires_at) * 1000);
  FOREACH audience IN ARRAY p_audiences LOOP
    token := ctx.sign(kid, inner_pad, outer_pad, p_tenant, audience, p_scope, epoch, expires);
    RETURN NEXT;
  END LOOP;
END
$$;

GRANT EXECUTE ON FUNCTION ctx.mint(uuid, text[], text, integer) TO ef_issuer;
