-- The tenants of this transaction, from the one MAC that ctx.begin left. STABLE: policies call it as
-- (SELECT …), an init plan, once a policy and statement and never once a row. `place` is the schema of the table that
-- a policy protects: a tenant that is placed in another one has no rows there. NULL for tables that a database has once.
CREATE OR REPLACE FUNCTION ctx.tenants_in(place text) RETURNS uuid[]
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan SET row_security = on SET client_min_messages = error
SET debug_print_parse = off SET debug_print_rewritten = off SET debug_print_plan = off
AS $$
DECLARE
  context text := current_setting('ef.context', true);
  signed text;
  inner_pad bytea;
  outer_pad bytea;
BEGIN
  -- After a transaction the setting is '' and not NULL.
  IF coalesce(context, '') = '' THEN
    RAISE insufficient_privilege USING MESSAGE = 'no tenant context in this transaction', DETAIL = 'context.missing';
  END IF;
  signed := split_part(context, '~', 1);
  SELECT y.ipad, y.opad INTO STRICT inner_pad, outer_pad FROM ctx.keys y WHERE y.kid = 'context';
  IF encode(sha256(outer_pad || sha256(inner_pad || int4send(pg_backend_pid())
       || timestamptz_send(transaction_timestamp()) || convert_to(current_setting('backtrace_functions') || signed, 'UTF8'))), 'hex') <> split_part(context, '~', 2) THEN
    RAISE insufficient_privilege USING MESSAGE = 'the tenant context is not of this transaction', DETAIL = 'context.forged';
  END IF;
  IF split_part(signed, '.', 1)::bigint <= ctx.clock_ms() THEN
    RAISE insufficient_privilege USING MESSAGE = 'the tenant context has expired', DETAIL = 'token.expired';
  END IF;
  -- Of a transaction that began before the upgrade to this check it is empty.
  IF split_part(signed, '.', 3) NOT IN ('', place) THEN
    RAISE insufficient_privilege USING MESSAGE = 'the tenants of this context have their rows in another schema', DETAIL = 'context.placement';
  END IF;
  RETURN split_part(signed, '.', 2)::uuid[];
END
$$;

GRANT EXECUTE ON FUNCTION ctx.tenants_in(text) TO ef_api, ef_registry, ef_worker, ef_writer, ef_scheduler, ef_analytics;
