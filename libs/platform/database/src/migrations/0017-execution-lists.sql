-- What lists of executions are read from when they are filtered, so that each page is an index range: live executions
-- from their work rows, ended ones from rows that a flush writes once for all that it ends. No index on `executions`
-- holds a column that changes, so its updates stay within their page (docs/adr/0028).
SET LOCAL ROLE ef_owner;
SET LOCAL search_path = ef;

-- The status of a live execution as its last checkpoint wrote it. A flow is told by 64 bits of a hash; rows of other
-- kinds have none. The indexes say so instead of naming the kind: a condition on it would make the primary key, which
-- is in the order of ids too, the plan of a table that was not analysed yet.
ALTER TABLE work
  ADD COLUMN flow_key bigint,
  ADD COLUMN status text COLLATE "C" NOT NULL DEFAULT 'pending'
    CHECK (status IN ('pending', 'running', 'waiting', 'suspended'));
GRANT UPDATE (flow_key, status) ON work TO ef_writer;

-- Executions that wait to be claimed for the first time. What is claimed leaves the index and is found by its lease
-- (`ctx.claimed_pending`), whose index has the tenant and the id behind the owner: kept in this one, a claim, which
-- writes the row anew into every index, cost 4 us more.
CREATE INDEX work_pending ON work (tenant_id, flow_key, id)
  WHERE flow_key IS NOT NULL AND status = 'pending' AND lease_owner IS NULL;
DROP INDEX work_owner;
CREATE INDEX work_owner ON work ((lease_owner || ''), tenant_id, id) WHERE (lease_owner || '') IS NOT NULL;
-- The others. An execution that ends with its first checkpoint is never in them.
CREATE INDEX work_status ON work (tenant_id, status, id) WHERE flow_key IS NOT NULL AND status <> 'pending';
CREATE INDEX work_flow_status ON work (tenant_id, flow_key, status, id) WHERE flow_key IS NOT NULL AND status <> 'pending';

-- Ended executions, many a row: those of one flow that one flush ended in the same way. `slot` is the first 40 bits of
-- their ids, which are a quarter of a second; so the order of slots is the order of ids.
CREATE TABLE ended_executions (
  tenant_id uuid NOT NULL,
  flow_key bigint NOT NULL,
  status text COLLATE "C" NOT NULL,
  slot bytea NOT NULL,
  ids uuid[] NOT NULL,
  CONSTRAINT ended_executions_values CHECK (status IN ('cancelled', 'faulted', 'completed'))
);
-- In the row as long as they fit.
ALTER TABLE ended_executions ALTER COLUMN ids SET STORAGE MAIN;
CREATE INDEX ended_executions_flow ON ended_executions (tenant_id, status, flow_key, slot);

ALTER TABLE ended_executions ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY ended_executions_access ON ended_executions AS PERMISSIVE FOR ALL
  TO ef_api, ef_registry, ef_worker, ef_writer, ef_scheduler, ef_analytics USING (true) WITH CHECK (true);
CREATE POLICY ended_executions_tenant_isolation_batch ON ended_executions AS RESTRICTIVE FOR ALL
  TO ef_writer USING (tenant_id = ANY ((SELECT ctx.tenants())::uuid[]));
CREATE POLICY ended_executions_tenant_isolation ON ended_executions AS RESTRICTIVE FOR ALL
  TO ef_api, ef_registry, ef_worker, ef_scheduler, ef_analytics USING (tenant_id = (SELECT ctx.tenant()));
GRANT SELECT ON ended_executions TO ef_api;
GRANT INSERT ON ended_executions TO ef_writer;

-- Active flows among those that have none active, and the versions of one flow by age: partial on what only that list
-- says, or a look-up of a version would be a walk through all of its flow.
DO $$
DECLARE
  place name;
BEGIN
  FOR place IN SELECT n.nspname FROM pg_namespace n WHERE n.nspname = 'ef' OR n.nspname ~ '^tenant_[0-9a-f]{32}$' LOOP
    EXECUTE format('CREATE INDEX flows_active ON %I.flows (tenant_id, namespace, name) WHERE active_version IS NOT NULL', place);
    EXECUTE format('CREATE INDEX flow_versions_newest ON %I.flow_versions (tenant_id, namespace, name, id) WHERE id IS NOT NULL', place);
  END LOOP;
END
$$;

DO $$
DECLARE
  place name;
  item record;
BEGIN
  FOR place IN SELECT n.nspname FROM pg_namespace n WHERE n.nspname ~ '^tenant_[0-9a-f]{32}$' LOOP
    PERFORM ef.place_table(place, 'ended_executions');
  END LOOP;
  -- The policies name the schema of their table, as 0009 has it.
  FOR item IN SELECT p.schemaname, p.policyname,
                     replace(replace(p.qual, 'ctx.tenant()', placed.one), 'ctx.tenants()', placed.many) AS qual
                FROM pg_policies p
               CROSS JOIN LATERAL (SELECT format('ctx.tenant_in(%L)', p.schemaname) AS one, format('ctx.tenants_in(%L)', p.schemaname) AS many) placed
               WHERE p.tablename = 'ended_executions' AND p.permissive = 'RESTRICTIVE' LOOP
    EXECUTE format('ALTER POLICY %I ON %I.ended_executions USING (%s)', item.policyname, item.schemaname, item.qual);
  END LOOP;
  -- What is there already. Policies bind the owner too, so they are lifted for it within this transaction.
  ALTER TABLE ef.work NO FORCE ROW LEVEL SECURITY;
  FOR place IN SELECT n.nspname FROM pg_namespace n WHERE n.nspname = 'ef' OR n.nspname ~ '^tenant_[0-9a-f]{32}$' LOOP
    EXECUTE format('ALTER TABLE %I.executions NO FORCE ROW LEVEL SECURITY', place);
    EXECUTE format('ALTER TABLE %I.ended_executions NO FORCE ROW LEVEL SECURITY', place);
    EXECUTE format($fill$
      UPDATE ef.work w
         SET status = e.status, flow_key = hashtextextended(e.flow_namespace || '/' || e.flow_name, 0)
        FROM %I.executions e
       WHERE w.kind = 'execution' AND e.tenant_id = w.tenant_id AND e.id = w.id
         AND e.status IN ('pending', 'running', 'waiting', 'suspended')$fill$, place);
    EXECUTE format($fill$
      INSERT INTO %I.ended_executions (tenant_id, flow_key, status, slot, ids)
      SELECT n.tenant_id, n.flow_key, n.status, n.slot, array_agg(n.id)
        FROM (
          SELECT f.*, row_number() OVER (PARTITION BY f.tenant_id, f.flow_key, f.status, f.slot ORDER BY f.id) AS place
            FROM (
              SELECT e.tenant_id, e.id, e.status, substring(uuid_send(e.id) FROM 1 FOR 5) AS slot,
                     hashtextextended(e.flow_namespace || '/' || e.flow_name, 0) AS flow_key
                FROM %I.executions e WHERE e.status IN ('cancelled', 'faulted', 'completed')) f) n
       GROUP BY n.tenant_id, n.flow_key, n.status, n.slot, (n.place - 1) / 500$fill$, place, place);
    EXECUTE format('ALTER TABLE %I.executions FORCE ROW LEVEL SECURITY', place);
    EXECUTE format('ALTER TABLE %I.ended_executions FORCE ROW LEVEL SECURITY', place);
  END LOOP;
  ALTER TABLE ef.work FORCE ROW LEVEL SECURITY;
END
$$;

RESET ROLE;
