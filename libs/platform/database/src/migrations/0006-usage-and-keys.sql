-- Usage that is counted on from where the last count ended, and idempotency keys that are dropped when they have expired.
SET LOCAL ROLE ef_owner;
SET LOCAL search_path = ef;

-- One row a tenant drops its expired keys; it is there for as long as the tenant.
ALTER TABLE work DROP CONSTRAINT work_kind_check,
  ADD CONSTRAINT work_kind_check CHECK (kind IN ('execution', 'schedule', 'rollup', 'release', 'sweep'));

-- Where the count of an hour stands: what was visible to the snapshot is counted, and what was not ended at
-- `uncounted_from` or later. When all transactions before the mark are over, the mark's time becomes that bound. Kept
-- until the hour is counted for the last time; of this server's transactions, so never copied to another one.
CREATE TABLE usage_cursors (
  tenant_id uuid NOT NULL,
  hour timestamptz NOT NULL,
  -- A pg_snapshot.
  snapshot text NOT NULL,
  uncounted_from timestamptz NOT NULL,
  -- An xid8.
  mark text NOT NULL,
  marked_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, hour)
);
ALTER TABLE usage_cursors ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY usage_cursors_access ON usage_cursors AS PERMISSIVE FOR ALL
  TO ef_api, ef_registry, ef_worker, ef_writer, ef_scheduler, ef_analytics USING (true) WITH CHECK (true);
CREATE POLICY usage_cursors_tenant_isolation_batch ON usage_cursors AS RESTRICTIVE FOR ALL
  TO ef_writer USING (tenant_id = ANY ((SELECT ctx.tenants())::uuid[]));
CREATE POLICY usage_cursors_tenant_isolation ON usage_cursors AS RESTRICTIVE FOR ALL
  TO ef_api, ef_registry, ef_worker, ef_scheduler, ef_analytics USING (tenant_id = (SELECT ctx.tenant()));
GRANT SELECT, INSERT, UPDATE, DELETE ON usage_cursors TO ef_analytics;

-- Makes one table of a schema placement as it is in `ef` now, with its policies and grants.
CREATE FUNCTION ef.place_table(p_schema text, p_table name) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog
AS $$
DECLARE
  t record;
  item record;
BEGIN
  SELECT c.oid, c.reloptions INTO STRICT t FROM pg_class c
   WHERE c.relnamespace = 'ef'::regnamespace AND c.relkind = 'r' AND c.relname = p_table;
  EXECUTE format('CREATE TABLE %I.%I (LIKE ef.%I INCLUDING ALL)', p_schema, p_table, p_table);
  EXECUTE format('ALTER TABLE %I.%I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', p_schema, p_table);
  IF t.reloptions IS NOT NULL THEN
    EXECUTE format('ALTER TABLE %I.%I SET (%s)', p_schema, p_table, array_to_string(t.reloptions, ', '));
  END IF;
  FOR item IN SELECT p.polname, p.polpermissive, p.polcmd, p.polroles,
                     pg_get_expr(p.polqual, p.polrelid) AS qual, pg_get_expr(p.polwithcheck, p.polrelid) AS check_expr
                FROM pg_policy p WHERE p.polrelid = t.oid LOOP
    EXECUTE format('CREATE POLICY %I ON %I.%I AS %s FOR %s TO %s%s%s', item.polname, p_schema, p_table,
      CASE WHEN item.polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END,
      CASE item.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
      (SELECT string_agg(quote_ident(r.rolname), ', ') FROM pg_roles r WHERE r.oid = ANY (item.polroles)),
      coalesce(' USING (' || item.qual || ')', ''), coalesce(' WITH CHECK (' || item.check_expr || ')', ''));
  END LOOP;
  FOR item IN SELECT a.privilege_type, r.rolname, NULL::name AS attname
                FROM pg_class c, aclexplode(c.relacl) a, pg_roles r WHERE c.oid = t.oid AND r.oid = a.grantee AND r.rolname <> 'ef_owner'
              UNION ALL
              SELECT a.privilege_type, r.rolname, n.attname
                FROM pg_attribute n, aclexplode(n.attacl) a, pg_roles r WHERE n.attrelid = t.oid AND r.oid = a.grantee LOOP
    EXECUTE format('GRANT %s%s ON %I.%I TO %I', item.privilege_type, coalesce(' (' || quote_ident(item.attname) || ')', ''), p_schema, p_table, item.rolname);
  END LOOP;
END
$$;
REVOKE EXECUTE ON FUNCTION ef.place_table(text, name) FROM PUBLIC;

CREATE OR REPLACE FUNCTION ef.create_placement(p_schema text) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog
AS $$
DECLARE
  once_a_database CONSTANT text[] := '{tenants,users,api_keys,work,outbox,migrations}';
  item record;
BEGIN
  IF p_schema !~ '^tenant_[0-9a-f]{32}$' THEN
    RAISE invalid_parameter_value USING MESSAGE = 'not the name of a placement';
  END IF;
  EXECUTE format('CREATE SCHEMA %I', p_schema);
  FOR item IN SELECT DISTINCT r.rolname FROM pg_namespace n, aclexplode(n.nspacl) a, pg_roles r
               WHERE n.nspname = 'ef' AND r.oid = a.grantee AND r.rolname NOT IN ('ef_owner', 'ctx_owner', 'ef_issuer', 'ef_claim') LOOP
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', p_schema, item.rolname);
  END LOOP;
  FOR item IN SELECT c.relname FROM pg_class c
               WHERE c.relnamespace = 'ef'::regnamespace AND c.relkind = 'r' AND c.relname <> ALL (once_a_database) ORDER BY c.relname LOOP
    PERFORM ef.place_table(p_schema, item.relname);
  END LOOP;
  FOR item IN SELECT c.relname, pg_get_constraintdef(k.oid) AS definition, f.relname AS target
                FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_class f ON f.oid = k.confrelid
               WHERE k.contype = 'f' AND c.relnamespace = 'ef'::regnamespace AND c.relname <> ALL (once_a_database) LOOP
    EXECUTE format('ALTER TABLE %I.%I ADD %s', p_schema, item.relname,
      CASE WHEN item.target = ANY (once_a_database) THEN item.definition
           ELSE replace(item.definition, 'REFERENCES ef.', format('REFERENCES %I.', p_schema)) END);
  END LOOP;
END
$$;

DO $$
DECLARE
  place name;
BEGIN
  FOR place IN SELECT n.nspname FROM pg_namespace n WHERE n.nspname ~ '^tenant_[0-9a-f]{32}$' LOOP
    PERFORM ef.place_table(place, 'usage_cursors');
  END LOOP;
  FOR place IN SELECT n.nspname FROM pg_namespace n WHERE n.nspname = 'ef' OR n.nspname ~ '^tenant_[0-9a-f]{32}$' LOOP
    -- Which completions a snapshot had seen.
    EXECUTE format('GRANT SELECT (xmin) ON %I.executions TO ef_analytics', place);
    -- Nothing is updated: only who may update may lock, and a sweep that locks can pass by what the gateway holds.
    EXECUTE format('GRANT UPDATE (expires_at) ON %I.idempotency_keys TO ef_analytics', place);
    -- A day of keys comes and goes: vacuumed when a fiftieth is dead, not a fifth.
    EXECUTE format('ALTER TABLE %I.idempotency_keys SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 5000, autovacuum_analyze_scale_factor = 0.05)', place);
  END LOOP;
END
$$;

RESET ROLE;
SET LOCAL ROLE ctx_owner;
SET LOCAL search_path = ctx;

UPDATE ctx.workloads SET kinds = '{rollup,sweep}' WHERE workload = 'analytics';

-- Tenants that are there already have a day of keys to look at; spread, so that they do not all come due at once.
INSERT INTO ef.work (tenant_id, kind, id, due_at)
SELECT p.tenant_id, 'sweep', '00000000-0000-7000-8000-000000000000', clock_timestamp() + random() * interval '1 hour'
  FROM ctx.placements p ON CONFLICT DO NOTHING;

CREATE OR REPLACE FUNCTION ctx.create_tenant(p_tenant uuid, p_name text, p_limits json, p_placement text,
  p_key_id uuid, p_key_hash bytea, p_scopes text[], p_user_id uuid, p_email text, p_password_hash text) RETURNS timestamptz
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog
AS $$
DECLARE
  place text := CASE p_placement WHEN 'shared' THEN 'ef' ELSE 'tenant_' || replace(p_tenant::text, '-', '') END;
  made timestamptz := date_trunc('milliseconds', clock_timestamp());
BEGIN
  INSERT INTO ef.tenants (tenant_id, name, limits, created_at) VALUES (p_tenant, p_name, p_limits, made);
  INSERT INTO ctx.placements (tenant_id, kind, schema_name) VALUES (p_tenant, p_placement, place);
  INSERT INTO ef.api_keys (tenant_id, id, hash, scopes) VALUES (p_tenant, p_key_id, p_key_hash, p_scopes);
  INSERT INTO ef.users (tenant_id, id, email, password_hash) VALUES (p_tenant, p_user_id, p_email, p_password_hash);
  IF p_placement = 'schema' THEN
    PERFORM ef.create_placement(place);
  END IF;
  -- The first key expires a day from now.
  INSERT INTO ef.work (tenant_id, kind, id, due_at)
  VALUES (p_tenant, 'sweep', '00000000-0000-7000-8000-000000000000', made + interval '1 day');
  RETURN made;
END
$$;

RESET ROLE;
