-- Deletes rows of work that the caller has locked, of this transaction's tenants and of the kinds of the caller's
-- service. No role may delete itself: who may, may lock the table against everybody (docs/adr/0022).
-- The condition on the tenant is none for an index: whatever the planner knows of the table, it is a scan by ctid.
CREATE OR REPLACE FUNCTION ctx.end_work(p_rows tid[]) RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan SET row_security = on SET client_min_messages = error
SET debug_print_parse = off SET debug_print_rewritten = off SET debug_print_plan = off
AS $$
DECLARE
  size integer := ctx.list_size(ARRAY[array_dims(p_rows)], num_nulls(VARIADIC p_rows));
  members uuid[] := ctx.tenants_in(NULL);
  kinds text[] := CASE session_user WHEN 'ef_writer' THEN '{execution,schedule}' WHEN 'ef_registry' THEN '{schedule}' WHEN 'ef_analytics' THEN '{rollup}' END;
  ended integer;
BEGIN
  DELETE FROM ef.work w
   WHERE w.ctid = ANY (p_rows) AND (w.tenant_id = ANY (members)) IS TRUE AND (w.kind = ANY (kinds)) IS TRUE;
  GET DIAGNOSTICS ended = ROW_COUNT;
  -- What follows from their end must not be written without it.
  IF ended <> size THEN
    RAISE insufficient_privilege USING MESSAGE = 'these rows of work are not the caller''s to end', DETAIL = 'work.foreign';
  END IF;
  RETURN ended;
END
$$;

GRANT EXECUTE ON FUNCTION ctx.end_work(tid[]) TO ef_writer, ef_registry, ef_analytics;
