CREATE OR REPLACE FUNCTION ctx.tenant() RETURNS uuid
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER SET search_path = pg_catalog
AS $$
DECLARE
  members uuid[] := ctx.tenants();
BEGIN
  IF array_length(members, 1) <> 1 THEN
    RAISE insufficient_privilege USING MESSAGE = 'more than one tenant in a context of one', DETAIL = 'context.bundle';
  END IF;
  RETURN members[1];
END
$$;

GRANT EXECUTE ON FUNCTION ctx.tenant() TO ef_api, ef_registry, ef_worker, ef_writer, ef_scheduler, ef_analytics;
