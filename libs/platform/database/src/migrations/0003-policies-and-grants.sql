-- Row-level security on every table, and who may do what. docs/tables.md says the same and a test compares.
SET LOCAL ROLE ef_owner;
SET LOCAL search_path = ef;

DO $$
DECLARE
  name text;
  bundle_readers text[];
  others text;
  reader text;
BEGIN
  FOR name IN SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'ef'::regnamespace AND c.relkind IN ('r', 'p')
                 AND c.relname <> 'migrations' LOOP
    EXECUTE format('ALTER TABLE ef.%I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', name);
    EXECUTE format('CREATE POLICY %I ON ef.%I AS PERMISSIVE FOR ALL TO ef_api, ef_registry, ef_worker, ef_writer, ef_scheduler, ef_analytics USING (true) WITH CHECK (true)',
      name || '_access', name);
    EXECUTE format('CREATE POLICY %I ON ef.%I AS RESTRICTIVE FOR ALL TO ef_writer USING (tenant_id = ANY ((SELECT ctx.tenants())::uuid[]))',
      name || '_tenant_isolation_batch', name);

    -- Roles that may read this table under a bundle, through the demultiplexer only.
    bundle_readers := CASE name WHEN 'executions' THEN '{ef_api,ef_worker}' WHEN 'execution_signals' THEN '{ef_worker}' ELSE '{}' END::text[];
    SELECT string_agg(r, ', ') INTO others
      FROM unnest('{ef_api,ef_registry,ef_worker,ef_scheduler,ef_analytics}'::text[]) r WHERE r <> ALL (bundle_readers);
    EXECUTE format('CREATE POLICY %I ON ef.%I AS RESTRICTIVE FOR ALL TO %s USING (tenant_id = (SELECT ctx.tenant()))',
      name || '_tenant_isolation', name, others);
    IF array_length(bundle_readers, 1) > 0 THEN
      reader := array_to_string(bundle_readers, ', ');
      EXECUTE format('CREATE POLICY %I ON ef.%I AS RESTRICTIVE FOR SELECT TO %s USING (tenant_id = ANY ((SELECT ctx.tenants())::uuid[]))',
        name || '_tenant_isolation_read', name, reader);
      EXECUTE format('CREATE POLICY %I ON ef.%I AS RESTRICTIVE FOR INSERT TO %s WITH CHECK (tenant_id = (SELECT ctx.tenant()))',
        name || '_tenant_isolation_insert', name, reader);
      EXECUTE format('CREATE POLICY %I ON ef.%I AS RESTRICTIVE FOR UPDATE TO %s USING (tenant_id = (SELECT ctx.tenant()))',
        name || '_tenant_isolation_update', name, reader);
      EXECUTE format('CREATE POLICY %I ON ef.%I AS RESTRICTIVE FOR DELETE TO %s USING (tenant_id = (SELECT ctx.tenant()))',
        name || '_tenant_isolation_delete', name, reader);
    END IF;
  END LOOP;

  -- Before a tenant is known only functions of ctx_owner look, and only here.
  FOREACH name IN ARRAY '{tenants,users,api_keys,work,outbox}'::text[] LOOP
    EXECUTE format('CREATE POLICY %I ON ef.%I AS PERMISSIVE FOR ALL TO ctx_owner USING (true) WITH CHECK (true)', name || '_definer_functions', name);
  END LOOP;
END
$$;

GRANT USAGE ON SCHEMA ef TO ctx_owner, ef_api, ef_registry, ef_worker, ef_writer, ef_scheduler, ef_analytics, ef_claim, ef_issuer;

GRANT SELECT, INSERT, UPDATE ON tenants, users, api_keys TO ctx_owner;
GRANT SELECT, INSERT, UPDATE, DELETE ON work TO ctx_owner;
GRANT SELECT, UPDATE ON outbox TO ctx_owner;

-- gateway: reads everything of its tenant, writes only signals and requests; intents go through ef_writer.
GRANT SELECT ON tenants, flows, flow_versions, schedules, executions, execution_history, execution_signals,
  idempotency_keys, usage_hourly, requests TO ef_api;
GRANT INSERT ON execution_signals, requests TO ef_api;
GRANT DELETE ON requests TO ef_api;
GRANT SELECT, UPDATE (due_at, wake_seq) ON work TO ef_api;

GRANT SELECT, INSERT ON flows, flow_versions TO ef_registry;
GRANT UPDATE (active_version, updated_at) ON flows TO ef_registry;
GRANT SELECT, INSERT, DELETE, UPDATE (version, kind, expression, last_tick, next_tick) ON schedules TO ef_registry;
GRANT SELECT, UPDATE (reply, replied_at) ON requests TO ef_registry;
GRANT SELECT, DELETE, UPDATE (due_at, wake_seq) ON work TO ef_registry;

GRANT SELECT ON executions, execution_signals, execution_history, flows, flow_versions TO ef_worker;
GRANT SELECT (tenant_id, execution_id, segment, created_at) ON outbox TO ef_worker;

-- The batch writer writes many tenants' rows and can read no payload of any. The fenced look-ups need ctid.
GRANT INSERT ON executions, execution_history, execution_signals, idempotency_keys TO ef_writer;
GRANT INSERT (tenant_id, execution_id, segment, created_at), SELECT (ctid, tenant_id, execution_id, segment, created_at), DELETE ON outbox TO ef_writer;
GRANT SELECT (ctid, tenant_id, id, status, revision, parent_id, reply_slot, created_at, started_at, ended_at),
  UPDATE (status, state, output, error, revision, reply_slot, started_at, ended_at) ON executions TO ef_writer;
GRANT SELECT (tenant_id, execution_id, segment) ON execution_history TO ef_writer;
GRANT SELECT (ctid, tenant_id, id, execution_id), DELETE ON execution_signals TO ef_writer;
GRANT SELECT, UPDATE (request_hash, execution_id, dispatch, expires_at), DELETE ON idempotency_keys TO ef_writer;
GRANT SELECT (ctid, tenant_id, id, last_tick, next_tick), UPDATE (last_tick, next_tick) ON schedules TO ef_writer;
GRANT SELECT, DELETE, UPDATE (due_at, wake_seq) ON work TO ef_writer;

GRANT SELECT, UPDATE (last_tick, next_tick) ON schedules TO ef_scheduler;
GRANT SELECT ON flows, flow_versions TO ef_scheduler;
GRANT SELECT (tenant_id, id, flow_namespace, flow_name, flow_version, mode, status, revision, created_at, started_at, ended_at), INSERT ON executions TO ef_scheduler;
GRANT INSERT ON execution_history TO ef_scheduler;
GRANT INSERT (tenant_id, execution_id, segment, created_at) ON outbox TO ef_scheduler;
GRANT SELECT, UPDATE (reply, replied_at) ON requests TO ef_scheduler;
GRANT SELECT, DELETE, UPDATE (due_at, wake_seq) ON work TO ef_scheduler;

GRANT SELECT, INSERT, UPDATE, DELETE ON usage_hourly TO ef_analytics;
GRANT SELECT (tenant_id, id, flow_namespace, flow_name, flow_version, mode, status, created_at, started_at, ended_at) ON executions TO ef_analytics;
GRANT SELECT (tenant_id, key, expires_at), DELETE ON idempotency_keys TO ef_analytics;
GRANT SELECT, UPDATE (reply, replied_at) ON requests TO ef_analytics;
GRANT SELECT, DELETE, UPDATE (due_at, wake_seq) ON work TO ef_analytics;

RESET ROLE;
