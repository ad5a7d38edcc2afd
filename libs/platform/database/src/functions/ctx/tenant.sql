-- The tenant of a context of one, for tables that a database has once.
CREATE OR REPLACE FUNCTION ctx.tenant() RETURNS uuid
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
AS $$
BEGIN
  RETURN ctx.tenant_in(NULL);
END
$$;

GRANT EXECUTE ON FUNCTION ctx.tenant() TO ef_api, ef_registry, ef_worker, ef_writer, ef_scheduler, ef_analytics;
