-- The tenants of this transaction, for tables that a database has once and for functions.
CREATE OR REPLACE FUNCTION ctx.tenants() RETURNS uuid[]
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
AS $$
BEGIN
  RETURN ctx.tenants_in(NULL);
END
$$;

GRANT EXECUTE ON FUNCTION ctx.tenants() TO ef_api, ef_registry, ef_worker, ef_writer, ef_scheduler, ef_analytics;
