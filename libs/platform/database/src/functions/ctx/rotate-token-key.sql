-- A new signing key; tokens of the old ones are believed for two more minutes, twice their longest life.
CREATE OR REPLACE FUNCTION ctx.rotate_token_key() RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan SET row_security = on SET client_min_messages = error
SET debug_print_parse = off SET debug_print_rewritten = off SET debug_print_plan = off
AS $$
DECLARE
  name text := 't' || replace(gen_random_uuid()::text, '-', '');
BEGIN
  PERFORM ctx.add_key(name, 'token');
  UPDATE ctx.keys y SET retired_at = clock_timestamp() + interval '2 minutes'
   WHERE y.purpose = 'token' AND y.kid <> name AND y.retired_at IS NULL;
  RETURN name;
END
$$;

GRANT EXECUTE ON FUNCTION ctx.rotate_token_key() TO ef_issuer;
