-- The executor and the scheduler start executions that no request has paid for, so they read how many a tenant may.
SET LOCAL ROLE ef_owner;

GRANT SELECT (tenant_id, limits) ON ef.tenants TO ef_worker, ef_scheduler;

RESET ROLE;
