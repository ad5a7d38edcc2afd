-- True the first time, false after that: a delegation is exchanged once.
CREATE OR REPLACE FUNCTION ctx.use_delegation(p_id uuid, p_expires_at timestamptz) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan SET row_security = on SET client_min_messages = error
SET debug_print_parse = off SET debug_print_rewritten = off SET debug_print_plan = off
AS $$
BEGIN
  IF (p_expires_at < clock_timestamp() + interval '1 hour') IS NOT TRUE THEN
    RAISE invalid_parameter_value USING MESSAGE = 'a delegation lives an hour at most', DETAIL = 'delegation.life';
  END IF;
  DELETE FROM ctx.used_delegations d WHERE d.expires_at < clock_timestamp() - interval '1 minute';
  INSERT INTO ctx.used_delegations (id, expires_at) VALUES (p_id, p_expires_at) ON CONFLICT (id) DO NOTHING;
  RETURN FOUND;
END
$$;

GRANT EXECUTE ON FUNCTION ctx.use_delegation(uuid, timestamptz) TO ef_issuer;
