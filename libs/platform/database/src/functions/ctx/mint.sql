-- Tokens of one active tenant, one a role; no row when the tenant is unknown, suspended or moving.
CREATE OR REPLACE FUNCTION ctx.mint(p_tenant uuid, p_audiences text[], p_scope text, p_ttl_ms integer)
RETURNS TABLE (audience text, token text, expires_at timestamptz, placement text, schema_name text, epoch integer, limits json)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog
AS $$
#variable_conflict use_column
DECLARE
  ends timestamptz;
  signer record;
BEGIN
  IF p_ttl_ms < 1 OR p_ttl_ms > 60000 THEN
    RAISE invalid_parameter_value USING MESSAGE = 'a token lives 1 to 60,000 ms', DETAIL = 'mint.duration';
  END IF;
  IF p_scope !~ '^[a-z0-9:_ -]{1,200}$' THEN
    RAISE invalid_parameter_value USING MESSAGE = 'not a scope', DETAIL = 'mint.scope';
  END IF;
  IF NOT p_audiences <@ '{ef_api,ef_registry,ef_worker,ef_writer,ef_scheduler,ef_analytics}'::text[] THEN
    RAISE insufficient_privilege USING MESSAGE = 'no tokens are minted for that role', DETAIL = 'mint.audience';
  END IF;
  ends := clock_timestamp() + p_ttl_ms * interval '1 millisecond';
  SELECT y.kid, y.ipad, y.opad INTO STRICT signer FROM ctx.keys y
   WHERE y.purpose = 'token' AND y.retired_at IS NULL ORDER BY y.created_at DESC LIMIT 1;
  RETURN QUERY
    SELECT a.role, ctx.sign(signer.kid, signer.ipad, signer.opad, p_tenant, a.role, p_scope, p.epoch, floor(extract(epoch FROM ends) * 1000)::bigint),
           ends, p.kind, p.schema_name, p.epoch, t.limits
      FROM ctx.placements p JOIN ef.tenants t ON t.tenant_id = p.tenant_id CROSS JOIN unnest(p_audiences) a (role)
     WHERE p.tenant_id = p_tenant AND p.state = 'active';
END
$$;

GRANT EXECUTE ON FUNCTION ctx.mint(uuid, text[], text, integer) TO ef_issuer;
