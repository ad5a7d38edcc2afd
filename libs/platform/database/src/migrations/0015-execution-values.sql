-- Large values of states, each written once and referred to (docs/adr/0027): the rows of an execution are those that its
-- stored state needs, inserted and deleted with it. Without a foreign key, like everything that a checkpoint writes.
SET LOCAL ROLE ef_owner;
SET LOCAL search_path = ef;

CREATE TABLE execution_values (
  tenant_id uuid NOT NULL,
  execution_id uuid NOT NULL,
  id integer NOT NULL,
  value json NOT NULL,
  refs json,
  PRIMARY KEY (tenant_id, execution_id, id),
  CONSTRAINT execution_values_values CHECK (id >= 0)
-- Rows live as long as their executions run: a table that is small beside what has passed through it.
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 5000, autovacuum_analyze_scale_factor = 0.05);

ALTER TABLE execution_values ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY execution_values_access ON execution_values AS PERMISSIVE FOR ALL
  TO ef_api, ef_registry, ef_worker, ef_writer, ef_scheduler, ef_analytics USING (true) WITH CHECK (true);
CREATE POLICY execution_values_tenant_isolation_batch ON execution_values AS RESTRICTIVE FOR ALL
  TO ef_writer USING (tenant_id = ANY ((SELECT ctx.tenants())::uuid[]));
CREATE POLICY execution_values_tenant_isolation ON execution_values AS RESTRICTIVE FOR ALL
  TO ef_api, ef_registry, ef_scheduler, ef_analytics USING (tenant_id = (SELECT ctx.tenant()));
-- ef_worker reads them under a bundle, through the demultiplexer only, and may do nothing else.
CREATE POLICY execution_values_tenant_isolation_read ON execution_values AS RESTRICTIVE FOR SELECT
  TO ef_worker USING (tenant_id = ANY ((SELECT ctx.tenants())::uuid[]));
CREATE POLICY execution_values_tenant_isolation_insert ON execution_values AS RESTRICTIVE FOR INSERT
  TO ef_worker WITH CHECK (tenant_id = (SELECT ctx.tenant()));
CREATE POLICY execution_values_tenant_isolation_update ON execution_values AS RESTRICTIVE FOR UPDATE
  TO ef_worker USING (tenant_id = (SELECT ctx.tenant()));
CREATE POLICY execution_values_tenant_isolation_delete ON execution_values AS RESTRICTIVE FOR DELETE
  TO ef_worker USING (tenant_id = (SELECT ctx.tenant()));

GRANT SELECT ON execution_values TO ef_worker;
GRANT INSERT, SELECT (ctid, tenant_id, execution_id, id) ON execution_values TO ef_writer;
-- ctx.delete_rows deletes: as 0012 has it for the tables that were there before, or for this one where it was.
CREATE POLICY execution_values_definer_functions ON execution_values AS PERMISSIVE FOR ALL TO ctx_owner USING (true) WITH CHECK (true);
GRANT SELECT (ctid, tenant_id), DELETE ON execution_values TO ctx_owner;

DO $$
DECLARE
  place name;
  item record;
BEGIN
  FOR place IN SELECT n.nspname FROM pg_namespace n WHERE n.nspname ~ '^tenant_[0-9a-f]{32}$' LOOP
    PERFORM ef.place_table(place, 'execution_values');
  END LOOP;
  -- The policies name the schema of their table, as 0009 has it.
  FOR item IN SELECT p.schemaname, p.policyname,
                     replace(replace(p.qual, 'ctx.tenant()', placed.one), 'ctx.tenants()', placed.many) AS qual,
                     replace(replace(p.with_check, 'ctx.tenant()', placed.one), 'ctx.tenants()', placed.many) AS check_expr
                FROM pg_policies p
               CROSS JOIN LATERAL (SELECT format('ctx.tenant_in(%L)', p.schemaname) AS one, format('ctx.tenants_in(%L)', p.schemaname) AS many) placed
               WHERE p.tablename = 'execution_values' AND p.permissive = 'RESTRICTIVE' LOOP
    EXECUTE format('ALTER POLICY %I ON %I.execution_values%s%s', item.policyname, item.schemaname,
      coalesce(' USING (' || item.qual || ')', ''), coalesce(' WITH CHECK (' || item.check_expr || ')', ''));
  END LOOP;
END
$$;

RESET ROLE;
