-- True the first time, false after that: an assertion of a workload is worth one request, at whichever replica of the
-- issuer. The table is not logged: nothing waits for the disk, and after a crash of the server each replica still knows
-- what it has seen itself. A call takes away a few that have expired.
CREATE OR REPLACE FUNCTION ctx.use_assertion(p_id uuid, p_expires_at timestamptz) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan SET row_security = on SET client_min_messages = error
SET debug_print_parse = off SET debug_print_rewritten = off SET debug_print_plan = off
AS $$
DECLARE
  -- A volatile function is no index condition: in the query it would have every call read all rows kept.
  old timestamptz := clock_timestamp();
BEGIN
  IF p_id IS NULL OR p_expires_at IS NULL OR p_expires_at > old + interval '5 minutes' THEN
    RAISE invalid_parameter_value USING MESSAGE = 'an assertion lives some seconds', DETAIL = 'assertion.expiry';
  END IF;
  DELETE FROM ctx.used_assertions a WHERE a.ctid = ANY (ARRAY(
    SELECT o.ctid FROM ctx.used_assertions o WHERE o.expires_at < old
     ORDER BY o.expires_at LIMIT 4 FOR UPDATE SKIP LOCKED));
  INSERT INTO ctx.used_assertions (id, expires_at) VALUES (p_id, p_expires_at) ON CONFLICT (id) DO NOTHING;
  RETURN FOUND;
END
$$;

GRANT EXECUTE ON FUNCTION ctx.use_assertion(uuid, timestamptz) TO ef_issuer;
