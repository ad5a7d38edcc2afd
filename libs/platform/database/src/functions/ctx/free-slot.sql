-- A process that ends well leaves its slot to the next at once.
CREATE OR REPLACE FUNCTION ctx.free_slot(p_workload text, p_holder text) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan SET row_security = on SET client_min_messages = error
SET debug_print_parse = off SET debug_print_rewritten = off SET debug_print_plan = off
AS $$
BEGIN
  DELETE FROM ctx.slots s WHERE s.workload = p_workload AND s.holder = p_holder;
END
$$;

GRANT EXECUTE ON FUNCTION ctx.free_slot(text, text) TO ef_issuer;
