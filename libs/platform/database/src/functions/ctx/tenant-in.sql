-- The tenant of a context of one. Not SECURITY DEFINER: it keeps nothing from its caller, and the settings that such a
-- function sets cost as much as all the rest.
CREATE OR REPLACE FUNCTION ctx.tenant_in(place text) RETURNS uuid
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
AS $$
DECLARE
  members pg_catalog.uuid[] := ctx.tenants_in(place);
BEGIN
  IF pg_catalog.cardinality(members) OPERATOR(pg_catalog.<>) 1 THEN
    RAISE insufficient_privilege USING MESSAGE = 'more than one tenant in a context of one', DETAIL = 'context.bundle';
  END IF;
  RETURN members[1];
END
$$;

GRANT EXECUTE ON FUNCTION ctx.tenant_in(text) TO ef_api, ef_registry, ef_worker, ef_writer, ef_scheduler, ef_analytics;
