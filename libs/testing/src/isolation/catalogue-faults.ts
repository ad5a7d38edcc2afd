import { ROLES } from '@easyflow/platform-database';
import type { TestDatabase } from '../test-database';
import { SERVER_CHECKS } from './server-checks';

/** A query over the catalogue whose every row is a fault. */
interface CatalogueCheck {
  name: string;
  query: string;
}

const OURS = `n.nspname IN ('ef', 'ctx') OR n.nspname LIKE 'tenant\\_%'`;
const TENANT_TABLE = `c.relkind IN ('r', 'p') AND (n.nspname = 'ef' OR n.nspname LIKE 'tenant\\_%')`;
const APP = `'{${ROLES.join(',')}}'::name[]`;
/** Grantees that are neither owners nor superusers: the service roles and PUBLIC. */
const APP_OR_PUBLIC = `(a.grantee = 0 OR a.grantee IN (SELECT oid FROM pg_roles WHERE rolname = ANY (${APP})))`;
const WHO = `coalesce((SELECT rolname FROM pg_roles WHERE oid = a.grantee), 'PUBLIC')`;
/** Tables that a database has once, for all placements. */
const ONCE = `('tenants', 'users', 'api_keys', 'work', 'outbox')`;
/** The two forms of a restrictive policy, which names the schema that its table is in. */
const placed = (once: string, placement: string) =>
  `CASE WHEN p.tablename IN ${ONCE} THEN '${once}' ELSE replace('${placement}', '@', quote_literal(p.schemaname)) END`;
const ONE = placed(
  '(tenant_id = ( SELECT ctx.tenant() AS tenant))',
  '(tenant_id = ( SELECT ctx.tenant_in(@::text) AS tenant))',
);
const MANY = placed(
  '(tenant_id = ANY (( SELECT ctx.tenants() AS tenants)::uuid[]))',
  '(tenant_id = ANY (( SELECT ctx.tenants_in(@::text) AS tenants)::uuid[]))',
);

/** What a definer function sets, because its caller may: see docs/adr/0020. */
const PINS = `ARRAY['search_path=pg_catalog, pg_temp', 'plan_cache_mode=force_generic_plan', 'row_security=on', 'client_min_messages=error',
  'debug_print_parse=off', 'debug_print_rewritten=off', 'debug_print_plan=off']`;

const CHECKS: readonly CatalogueCheck[] = [
  ...SERVER_CHECKS,
  {
    name: 'rls_missing',
    query: `SELECT n.nspname || '.' || c.relname AS fault FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE ${TENANT_TABLE} AND NOT (c.relrowsecurity AND c.relforcerowsecurity)`,
  },
  {
    name: 'tenant_id_missing',
    query: `SELECT n.nspname || '.' || c.relname AS fault FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE ${TENANT_TABLE} AND NOT EXISTS (SELECT 1 FROM pg_attribute t
               WHERE t.attrelid = c.oid AND t.attname = 'tenant_id' AND t.atttypid = 'uuid'::regtype AND t.attnotnull)`,
  },
  {
    name: 'permissive_widening',
    query: `SELECT p.schemaname || '.' || p.tablename || ' ' || p.policyname AS fault FROM pg_policies p
             WHERE p.permissive = 'PERMISSIVE' AND NOT (
               (p.qual = 'true' AND p.with_check = 'true' AND p.roles <@ '{ef_api,ef_registry,ef_worker,ef_writer,ef_scheduler,ef_analytics}'::name[])
               OR (p.roles = '{ctx_owner}' AND p.schemaname = 'ef' AND p.tablename IN ${ONCE})
               OR (p.roles = '{ctx_owner}' AND p.tablename IN ('schedules', 'execution_signals', 'execution_values', 'idempotency_keys', 'usage_hourly', 'usage_cursors', 'requests')))`,
  },
  {
    // Every role that has any grant on a table meets a restrictive check of its tenant for each command.
    name: 'isolation_missing',
    query: `SELECT n.nspname || '.' || c.relname || ' ' || r.rolname || ' ' || command AS fault
              FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
             CROSS JOIN (SELECT rolname FROM pg_roles WHERE rolname = ANY (${APP})) r
             CROSS JOIN unnest('{SELECT,INSERT,UPDATE,DELETE}'::text[]) command
             WHERE ${TENANT_TABLE}
               AND (has_table_privilege(r.rolname, c.oid, command) OR (command <> 'DELETE' AND has_any_column_privilege(r.rolname, c.oid, command)))
               AND NOT EXISTS (SELECT 1 FROM pg_policies p
                 WHERE p.schemaname = n.nspname AND p.tablename = c.relname AND p.permissive = 'RESTRICTIVE'
                   AND r.rolname = ANY (p.roles) AND p.cmd IN ('ALL', command)
                   AND coalesce(CASE WHEN command = 'INSERT' THEN p.with_check END, p.qual) = ANY (ARRAY[${ONE}, ${MANY}]))`,
  },
  {
    name: 'restrictive_form',
    query: `SELECT p.schemaname || '.' || p.tablename || ' ' || p.policyname AS fault FROM pg_policies p
             WHERE p.permissive = 'RESTRICTIVE' AND (
               coalesce(p.qual, ${ONE}) <> ALL (ARRAY[${ONE}, ${MANY}]) OR coalesce(p.with_check, ${ONE}) <> ALL (ARRAY[${ONE}, ${MANY}])
               OR (${MANY} IN (p.qual, p.with_check) AND p.roles <> '{ef_writer}'
                   AND NOT (p.cmd = 'SELECT' AND p.tablename IN ('executions', 'execution_signals', 'execution_values') AND p.roles <@ '{ef_api,ef_worker}'::name[])))`,
  },
  {
    name: 'ownership',
    query: `SELECT n.nspname || '.' || c.relname || ' is owned by ' || pg_get_userbyid(c.relowner) AS fault
              FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE (${OURS}) AND pg_get_userbyid(c.relowner) <> CASE n.nspname WHEN 'ctx' THEN 'ctx_owner' ELSE 'ef_owner' END
             UNION ALL
            SELECT n.nspname || '.' || p.proname || ' is owned by ' || pg_get_userbyid(p.proowner)
              FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
             WHERE (${OURS}) AND pg_get_userbyid(p.proowner) NOT IN ('ctx_owner', 'ef_owner')
             UNION ALL
            SELECT n.nspname || ' is owned by ' || pg_get_userbyid(n.nspowner) FROM pg_namespace n
             WHERE (${OURS}) AND pg_get_userbyid(n.nspowner) NOT IN ('ctx_owner', 'ef_owner')`,
  },
  {
    name: 'role_attributes',
    query: `SELECT rolname AS fault FROM pg_roles WHERE (rolname = ANY (${APP}) OR rolname IN ('ef_owner', 'ctx_owner'))
               AND (rolsuper OR rolbypassrls OR rolreplication OR rolcreaterole OR rolcreatedb OR rolinherit
                    OR (rolcanlogin AND rolname IN ('ef_owner', 'ctx_owner')))`,
  },
  {
    name: 'memberships',
    query: `SELECT m.rolname || ' is a member of ' || g.rolname AS fault FROM pg_auth_members x
              JOIN pg_roles m ON m.oid = x.member JOIN pg_roles g ON g.oid = x.roleid WHERE m.rolname = ANY (${APP})`,
  },
  {
    name: 'truncate_references_trigger_grant',
    query: `SELECT ${WHO} || ' ' || a.privilege_type || ' ' || n.nspname || '.' || c.relname AS fault
              FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, aclexplode(c.relacl) a
             WHERE (${OURS}) AND ${APP_OR_PUBLIC} AND a.privilege_type NOT IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE')`,
  },
  {
    name: 'public_grant',
    query: `SELECT a.privilege_type || ' ' || n.nspname || '.' || c.relname AS fault
              FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, aclexplode(c.relacl) a WHERE (${OURS}) AND a.grantee = 0
             UNION ALL
            SELECT 'EXECUTE ' || n.nspname || '.' || p.proname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
             WHERE (${OURS}) AND has_function_privilege('public', p.oid, 'EXECUTE')
             UNION ALL
            SELECT a.privilege_type || ' on the database' FROM pg_database d, aclexplode(d.datacl) a
             WHERE d.datname = current_database() AND a.grantee = 0`,
  },
  {
    name: 'key_exposure',
    query: `SELECT ${WHO} || ' ' || a.privilege_type || ' ctx.' || c.relname AS fault
              FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, aclexplode(c.relacl) a
             WHERE n.nspname = 'ctx' AND ${APP_OR_PUBLIC}`,
  },
  {
    name: 'lease_columns',
    query: `SELECT r.rolname || ' ' || priv || ' ' || c.relname || '.' || t.attname AS fault
              FROM pg_class c JOIN pg_attribute t ON t.attrelid = c.oid AND t.attname IN ('lease_owner', 'lease_until', 'claim_no')
             CROSS JOIN (SELECT rolname FROM pg_roles WHERE rolname = ANY (${APP})) r CROSS JOIN unnest('{INSERT,UPDATE}'::text[]) priv
             WHERE c.relnamespace = 'ef'::regnamespace AND c.relkind = 'r' AND has_column_privilege(r.rolname, c.oid, t.attnum, priv)`,
  },
  {
    name: 'writer_reads_data',
    query: `SELECT n.nspname || '.' || c.relname || '.' || t.attname AS fault
              FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute t ON t.attrelid = c.oid AND t.attnum > 0
             WHERE ${TENANT_TABLE} AND has_column_privilege('ef_writer', c.oid, t.attnum, 'SELECT')
               AND (t.atttypid = 'json'::regtype OR t.attname IN ('source', 'expression', 'password_hash', 'hash'))`,
  },
  {
    name: 'immutable_context_function',
    query: `SELECT p.proname || ' is ' || p.provolatile::text AS fault FROM pg_proc p
             WHERE p.pronamespace = 'ctx'::regnamespace
               AND ((p.proname IN ('tenant', 'tenants', 'tenant_in', 'tenants_in') AND p.provolatile <> 's') OR p.provolatile = 'i' OR p.proleakproof)`,
  },
  {
    name: 'security_definer',
    query: `SELECT n.nspname || '.' || p.proname AS fault FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
             WHERE p.prosecdef AND n.nspname NOT IN ('pg_catalog', 'information_schema')
               AND NOT ((${OURS}) AND coalesce(p.proconfig, '{}') @> ${PINS})`,
  },
  {
    // What marks the transaction of a context is changed by ctx.admit alone.
    name: 'context_parameter',
    query: `SELECT ${WHO} || ' may ' || a.privilege_type || ' ' || x.parname AS fault FROM pg_parameter_acl x, aclexplode(x.paracl) a
             WHERE ${APP_OR_PUBLIC}
             UNION ALL
            SELECT 'ctx_owner may not mark transactions' WHERE NOT has_parameter_privilege('ctx_owner', 'backtrace_functions', 'SET')`,
  },
  {
    name: 'context_check',
    query: `SELECT p.proname || ' does not verify the MAC' AS fault FROM pg_proc p WHERE p.oid = 'ctx.tenants_in(text)'::regprocedure
               AND (p.prosrc NOT LIKE '%sha256(outer_pad || sha256(inner_pad%' OR p.prosrc NOT LIKE '%pg_backend_pid()%' OR p.prosrc NOT LIKE '%clock_ms()%')`,
  },
  {
    name: 'execute_matrix',
    query: `SELECT r.rolname || ' may call ' || p.proname AS fault FROM pg_proc p
             CROSS JOIN (SELECT rolname FROM pg_roles WHERE rolname = ANY (${APP})) r
             WHERE p.pronamespace = 'ctx'::regnamespace AND has_function_privilege(r.rolname, p.oid, 'EXECUTE')
               AND NOT CASE
                 WHEN p.proname IN ('begin', 'admit', 'tenants', 'tenant', 'tenants_in', 'tenant_in') THEN r.rolname NOT IN ('ef_claim', 'ef_issuer')
                 WHEN p.proname = 'end_work' THEN r.rolname IN ('ef_writer', 'ef_registry', 'ef_analytics')
                 WHEN p.proname = 'forget_outbox' THEN r.rolname = 'ef_writer'
                 WHEN p.proname = 'delete_rows' THEN r.rolname IN ('ef_writer', 'ef_registry', 'ef_api', 'ef_analytics')
                 WHEN p.proname IN ('claim', 'renew', 'release', 'put_off', 'open') THEN r.rolname = 'ef_claim'
                 WHEN p.proname = 'claimed_pending' THEN r.rolname = 'ef_api'
                 WHEN p.proname = 'enqueue' THEN r.rolname IN ('ef_writer', 'ef_registry')
                 WHEN p.proname IN ('resolve_key', 'resolve_login', 'user_exists', 'mint', 'rotate_token_key', 'register_owner', 'lease_slot', 'free_slot',
                   'use_delegation', 'use_assertion', 'create_tenant', 'list_tenants', 'find_tenant', 'suspend_tenant', 'list_keys', 'add_api_key', 'revoke_key',
                   'rotate_due_token_key') THEN r.rolname = 'ef_issuer'
                 ELSE false END`,
  },
  {
    name: 'fk_oracle',
    query: `SELECT k.conrelid::regclass || ' ' || k.conname AS fault FROM pg_constraint k
              JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE k.contype = 'f' AND ${TENANT_TABLE} AND NOT EXISTS (
               SELECT 1 FROM unnest(k.conkey, k.confkey) u (mine, theirs)
                 JOIN pg_attribute x ON x.attrelid = k.conrelid AND x.attnum = u.mine AND x.attname = 'tenant_id'
                 JOIN pg_attribute y ON y.attrelid = k.confrelid AND y.attnum = u.theirs AND y.attname = 'tenant_id')`,
  },
  {
    // The two that are looked up before a tenant is known are on tables that no session role may touch.
    name: 'unique_oracle',
    query: `SELECT i.relname AS fault FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class c ON c.oid = x.indrelid
              JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE x.indisunique AND ${TENANT_TABLE}
               AND NOT EXISTS (SELECT 1 FROM pg_attribute t WHERE t.attrelid = c.oid AND t.attname = 'tenant_id' AND t.attnum = ANY (x.indkey::int2[]))
               AND NOT (c.relname IN ('users', 'api_keys') AND NOT EXISTS (SELECT 1 FROM aclexplode(c.relacl) a WHERE ${APP_OR_PUBLIC}))`,
  },
  {
    name: 'view_owner_and_materialized_view',
    query: `SELECT n.nspname || '.' || c.relname AS fault FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE (${OURS}) AND c.relkind IN ('v', 'm', 'f')`,
  },
  {
    name: 'notify_snoop',
    query: `SELECT n.nspname || '.' || p.proname AS fault FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
             WHERE (${OURS}) AND p.prosrc ~* '\\mnotify\\M|pg_notify'
             UNION ALL
            SELECT t.tgrelid::regclass || ' ' || t.tgname FROM pg_trigger t
             WHERE NOT t.tgisinternal AND t.tgfoid IS DISTINCT FROM to_regprocedure('ef.list_status()')`,
  },
  {
    name: 'search_path_poison',
    query: `SELECT coalesce(r.rolname, 'every role') || ' ' || s.setconfig::text AS fault FROM pg_db_role_setting s LEFT JOIN pg_roles r ON r.oid = s.setrole
             WHERE (s.setdatabase = 0 OR s.setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database()))
               AND (s.setrole = 0 OR r.rolname = ANY (${APP}) OR r.rolname IN ('ef_owner', 'ctx_owner'))`,
  },
  {
    name: 'create_grant',
    query: `SELECT r.rolname || ' may create in ' || n.nspname AS fault FROM pg_namespace n CROSS JOIN (SELECT rolname FROM pg_roles WHERE rolname = ANY (${APP})) r
             WHERE n.nspname !~ '^pg_(toast|temp)' AND has_schema_privilege(r.rolname, n.oid, 'CREATE')
             UNION ALL
            SELECT r.rolname || ' may create ' || priv FROM (SELECT rolname FROM pg_roles WHERE rolname = ANY (${APP})) r
             CROSS JOIN unnest('{CREATE,TEMP}'::text[]) priv WHERE has_database_privilege(r.rolname, current_database(), priv)`,
  },
  {
    name: 'disturbing_functions',
    query: `SELECT r.rolname || ' may call ' || p.oid::regprocedure AS fault FROM pg_proc p CROSS JOIN (SELECT rolname FROM pg_roles WHERE rolname = ANY (${APP})) r
             WHERE p.pronamespace = 'pg_catalog'::regnamespace AND has_function_privilege(r.rolname, p.oid, 'EXECUTE')
               AND p.proname ~ '^(lo_|lo(read|write)$|pg_(try_)?advisory_|pg_(terminate|cancel)_backend$|pg_stat_get_(activity|backend_))'`,
  },
  {
    name: 'version_gate',
    query: `SELECT current_setting('server_version') AS fault WHERE current_setting('server_version_num')::int / 10000 < 15
                OR current_setting('server_version_num')::int % 10000 < CASE current_setting('server_version_num')::int / 10000
                     WHEN 15 THEN 14 WHEN 16 THEN 10 WHEN 17 THEN 6 ELSE 0 END`,
  },
  {
    name: 'placements_differ',
    query: `SELECT s.nspname || '.' || e.relname || ' ' || e.attname AS fault FROM pg_namespace s CROSS JOIN (
              SELECT c.relname, t.attname, t.atttypid, t.attnotnull FROM pg_class c JOIN pg_attribute t ON t.attrelid = c.oid AND t.attnum > 0
               WHERE c.relnamespace = 'ef'::regnamespace AND c.relkind = 'r' AND c.relname NOT IN ${ONCE}) e
             WHERE s.nspname LIKE 'tenant\\_%' AND NOT EXISTS (
               SELECT 1 FROM pg_class c JOIN pg_attribute t ON t.attrelid = c.oid WHERE c.relnamespace = s.oid AND c.relname = e.relname
                 AND t.attname = e.attname AND t.atttypid = e.atttypid AND t.attnotnull = e.attnotnull)`,
  },
  {
    name: 'values_unchecked',
    query: `SELECT n.nspname || '.' || c.relname AS fault FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE ${TENANT_TABLE} AND NOT EXISTS (
               SELECT 1 FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'c' AND k.conname = c.relname || '_values')`,
  },
  {
    // Times that a row's own check does not bound; `ready_at` is made of others.
    name: 'time_unbounded',
    query: `SELECT n.nspname || '.' || c.relname || '.' || t.attname AS fault FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
              JOIN pg_attribute t ON t.attrelid = c.oid AND t.attnum > 0 AND NOT t.attisdropped AND t.atttypid = 'timestamptz'::regtype AND t.attgenerated = ''
             WHERE ${TENANT_TABLE} AND NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'c' AND t.attnum = ANY (k.conkey))`,
  },
];

/** Names of the checks, for a test that lists them. */
export const CATALOGUE_CHECKS: readonly string[] = CHECKS.map((check) => check.name);

/** What the catalogue says against isolation: `check: object`, empty when nothing does. */
export async function catalogueFaults(database: TestDatabase): Promise<string[]> {
  const faults: string[] = [];
  for (const check of CHECKS) {
    const rows = await database.superuser<{ fault: string }>(check.query);
    faults.push(...rows.map((row) => `${check.name}: ${row.fault}`));
  }
  return faults;
}
