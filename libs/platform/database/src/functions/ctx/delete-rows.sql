-- Deletes rows of this transaction's tenants from a table of their placement, as far as the caller's service deletes
-- there at all; see ctx.end_work. The placement is the caller's current_schema(); a context of another one is refused.
CREATE OR REPLACE FUNCTION ctx.delete_rows(p_place text, p_table text, p_rows tid[]) RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan SET row_security = on SET client_min_messages = error
SET debug_print_parse = off SET debug_print_rewritten = off SET debug_print_plan = off
AS $$
DECLARE
  size integer := ctx.list_size(ARRAY[array_dims(p_rows)], num_nulls(VARIADIC p_rows));
  members uuid[] := ctx.tenants_in(p_place);
  deleted integer;
BEGIN
  IF (p_table = ANY (CASE session_user
        WHEN 'ef_writer' THEN '{execution_signals,execution_values}'
        WHEN 'ef_registry' THEN '{schedules}'
        WHEN 'ef_api' THEN '{requests}'
        WHEN 'ef_analytics' THEN '{idempotency_keys,usage_hourly,usage_cursors}' END::text[])) IS NOT TRUE
     OR (p_place = 'ef' OR p_place ~ '^tenant_[0-9a-f]{32}$') IS NOT TRUE THEN
    RAISE insufficient_privilege USING MESSAGE = 'this role deletes nothing there', DETAIL = 'delete.table';
  END IF;
  IF size = 0 THEN
    RETURN 0;
  END IF;
  EXECUTE format('DELETE FROM %I.%I r WHERE r.ctid = ANY ($1) AND (r.tenant_id = ANY ($2)) IS TRUE', p_place, p_table)
    USING p_rows, members;
  GET DIAGNOSTICS deleted = ROW_COUNT;
  RETURN deleted;
END
$$;

GRANT EXECUTE ON FUNCTION ctx.delete_rows(text, text, tid[]) TO ef_writer, ef_registry, ef_api, ef_analytics;
