-- Deletes outbox rows of this transaction's tenants; see ctx.end_work.
CREATE OR REPLACE FUNCTION ctx.forget_outbox(p_rows tid[]) RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan SET row_security = on SET client_min_messages = error
SET debug_print_parse = off SET debug_print_rewritten = off SET debug_print_plan = off
AS $$
DECLARE
  size integer := ctx.list_size(ARRAY[array_dims(p_rows)], num_nulls(VARIADIC p_rows));
  members uuid[] := ctx.tenants_in(NULL);
BEGIN
  IF size > 0 THEN
    DELETE FROM ef.outbox b WHERE b.ctid = ANY (p_rows) AND (b.tenant_id = ANY (members)) IS TRUE;
  END IF;
  RETURN size;
END
$$;

GRANT EXECUTE ON FUNCTION ctx.forget_outbox(tid[]) TO ef_writer;
