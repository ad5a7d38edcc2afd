-- Rotates the signing key when the newest is older than that, and tells whether it did: replicas of the issuer ask one
-- after the other, and only the first finds it due. Keys that were retired an hour ago are removed: no token of theirs
-- lives, and nothing may be signed with them.
CREATE OR REPLACE FUNCTION ctx.rotate_due_token_key(p_age interval) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan SET row_security = on SET client_min_messages = error
SET debug_print_parse = off SET debug_print_rewritten = off SET debug_print_plan = off
AS $$
DECLARE
  made timestamptz;
BEGIN
  IF p_age IS NULL OR p_age < interval '0' THEN
    RAISE invalid_parameter_value USING MESSAGE = 'not an age', DETAIL = 'rotate.age';
  END IF;
  -- Readers of keys are not held up.
  LOCK TABLE ctx.keys IN SHARE ROW EXCLUSIVE MODE;
  DELETE FROM ctx.keys y WHERE y.purpose = 'token' AND y.retired_at < clock_timestamp() - interval '1 hour';
  SELECT max(y.created_at) INTO made FROM ctx.keys y WHERE y.purpose = 'token' AND y.retired_at IS NULL;
  IF made > clock_timestamp() - p_age THEN
    RETURN false;
  END IF;
  PERFORM ctx.rotate_token_key();
  RETURN true;
END
$$;

GRANT EXECUTE ON FUNCTION ctx.rotate_due_token_key(interval) TO ef_issuer;
