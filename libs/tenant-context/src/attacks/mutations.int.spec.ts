import { rewrite, seesEvery, type Mutation } from './mutants.test';

/**
 * Ways to break isolation, and what must see each: a check of the catalogue, `tables as <role>` (the
 * attack on every table), or an attack by name. A suite that passes on a broken schema proves nothing.
 * Roles belong to the whole server, so what would change those is left to the catalogue's own queries.
 */
const MUTATIONS: readonly Mutation[] = [
  [
    'a policy dropped',
    'DROP POLICY flows_tenant_isolation ON ef.flows',
    ['isolation_missing', 'tables as ef_registry'],
  ],
  [
    'the batch policy dropped',
    'DROP POLICY executions_tenant_isolation_batch ON ef.executions',
    ['isolation_missing', 'tables as ef_writer'],
  ],
  [
    'the read policy dropped',
    'DROP POLICY executions_tenant_isolation_read ON ef.executions',
    ['isolation_missing', 'tables as ef_worker'],
  ],
  ['FORCE disabled', 'ALTER TABLE ef.executions NO FORCE ROW LEVEL SECURITY', ['rls_missing']],
  [
    'row-level security disabled',
    'ALTER TABLE ef.requests DISABLE ROW LEVEL SECURITY',
    ['rls_missing', 'tables as ef_api'],
  ],
  [
    'a new table without policies',
    'SET ROLE ef_owner; CREATE TABLE ef.secrets (tenant_id uuid NOT NULL, id uuid, PRIMARY KEY (tenant_id, id)); GRANT SELECT, INSERT ON ef.secrets TO ef_api; RESET ROLE',
    ['rls_missing', 'isolation_missing', 'tables as ef_api'],
  ],
  [
    'ownership granted',
    'ALTER TABLE ef.executions NO FORCE ROW LEVEL SECURITY; GRANT CREATE ON SCHEMA ef TO ef_api; ALTER TABLE ef.executions OWNER TO ef_api',
    ['ownership', 'tables as ef_api', 'create_grant'],
  ],
  [
    'a permissive policy in the place of the restrictive one',
    'DROP POLICY flows_tenant_isolation ON ef.flows; CREATE POLICY flows_tenant_isolation ON ef.flows FOR ALL TO ef_api, ef_registry USING (tenant_id = (SELECT ctx.tenant()))',
    ['permissive_widening', 'isolation_missing', 'tables as ef_registry'],
  ],
  [
    'the token check unwrapped',
    'ALTER POLICY flows_tenant_isolation ON ef.flows USING (tenant_id = ctx.tenant())',
    ['restrictive_form'],
  ],
  [
    'a bundle for a role of one tenant',
    'ALTER POLICY flows_tenant_isolation ON ef.flows USING (tenant_id = ANY ((SELECT ctx.tenants())::uuid[]))',
    ['restrictive_form', 'two_tenants_one_transaction'],
  ],
  [
    'the context believed without its MAC',
    rewrite('ctx.tenants_in(text)', `<> split_part(context, '~', 2)`, `IS NULL`),
    ['forge_guc', 'replayed_attempt', 'midstatement_flip', 'mac_after_commit'],
  ],
  [
    'the context not bound to its transaction',
    rewrite(
      'ctx.tenants_in(text)',
      `int4send(pg_backend_pid())\n       || timestamptz_send(transaction_timestamp()) || `,
      '',
    ),
    ['context_check'],
  ],
  [
    'the context never expiring',
    rewrite('ctx.tenants_in(text)', `<= ctx.clock_ms()`, `<= 0`),
    ['context_check', 'mac_after_expiry'],
  ],
  [
    'tokens believed without their MAC',
    rewrite('ctx.admit(text[])', `IS DISTINCT FROM split_part(token, '~', 2)`, `IS NULL`),
    ['tampered_token'],
  ],
  [
    'tokens never expiring',
    rewrite('ctx.admit(text[])', `expires <= now_ms THEN`, `expires <= 0 THEN`),
    ['expired_token'],
  ],
  [
    'tokens of any role',
    rewrite('ctx.admit(text[])', `part[3] <> caller`, `part[3] IS NULL`),
    ['wrong_audience', 'bundle_reuse'],
  ],
  [
    'tokens of any epoch',
    rewrite('ctx.admit(text[])', `last_epoch IS DISTINCT FROM epochs[1]::integer`, `false`),
    ['stale_epoch'],
  ],
  [
    'retired keys believed',
    rewrite('ctx.admit(text[])', `y.retired_at > clock_timestamp()`, `true`),
    ['retired_key'],
  ],
  [
    'any isolation level',
    rewrite('ctx.admit(text[])', `<> 'read committed'`, `IS NULL`),
    ['other_isolation_level'],
  ],
  [
    'a second context',
    rewrite(
      'ctx.admit(text[])',
      `coalesce(current_setting('ef.context', true), '') <> '' OR starts_with(current_setting('backtrace_functions'), 'ef_')`,
      `false`,
    ),
    ['two_tenants_one_transaction', 'bundle_widening'],
  ],
  [
    'moving tenants admitted',
    rewrite('ctx.admit(text[])', `last_state <> 'active'`, `false`),
    ['moving_member'],
  ],
  [
    'an immutable context function',
    'ALTER FUNCTION ctx.tenant() IMMUTABLE',
    ['immutable_context_function'],
  ],
  ['keys readable', 'GRANT SELECT ON ctx.keys TO ef_api', ['key_exposure']],
  [
    'signing for everybody',
    'GRANT EXECUTE ON FUNCTION ctx.sign(text, bytea, bytea, uuid, text, text, integer, bigint) TO ef_api',
    ['execute_matrix', 'key_exposure'],
  ],
  [
    'payload readable by the writer',
    'GRANT SELECT (input) ON ef.executions TO ef_writer',
    ['writer_reads_data'],
  ],
  [
    'lease columns writable',
    'GRANT UPDATE (lease_owner) ON ef.work TO ef_writer',
    ['lease_columns', 'lease_forgery'],
  ],
  [
    'claims for the gateway',
    'GRANT EXECUTE ON FUNCTION ctx.claim(text, text, text[], integer, integer, integer) TO ef_api',
    ['execute_matrix', 'gateway_claims'],
  ],
  [
    'claims without a secret',
    rewrite('ctx.check_owner(text, text)', `AND o.secret_hash = hash`, ''),
    ['claim_without_secret', 'slot_takeover'],
  ],
  [
    'claims of any kind',
    rewrite(
      'ctx.claim(text, text, text[], integer, integer, integer)',
      `NOT p_kinds <@ o.kinds`,
      'false',
    ),
    ['claim_widening'],
  ],
  [
    'claims of any number',
    rewrite('ctx.lock_room(text, integer)', `greatest(5000 - held, 0)`, 'wanted'),
    ['claim_flood'],
  ],
  [
    'tokens for uncommitted leases',
    rewrite(
      'ctx.open(text, text, uuid[], text[], uuid[])',
      `pg_current_xact_id_if_assigned() IS NOT NULL`,
      'false',
    ),
    ['claim_rollback'],
  ],
  [
    'tokens for leases of others',
    rewrite(
      'ctx.open(text, text, uuid[], text[], uuid[])',
      `AND y.lease_owner = p_owner AND y.lease_until > clock_timestamp() OFFSET 0) w`,
      `AND y.lease_until > clock_timestamp() OFFSET 0) w`,
    ),
    ['open_foreign_lease'],
  ],
  [
    'tokens for ended leases',
    rewrite(
      'ctx.open(text, text, uuid[], text[], uuid[])',
      `AND y.lease_owner = p_owner AND y.lease_until > clock_timestamp() OFFSET 0) w`,
      `AND y.lease_owner = p_owner OFFSET 0) w`,
    ),
    ['open_expired_lease'],
  ],
  [
    'work enqueued for any tenant',
    rewrite(
      'ctx.enqueue(uuid[], text[], uuid[], smallint[], timestamptz[], text, text, integer, bigint[])',
      `EXISTS (SELECT unnest(p_tenant_ids) EXCEPT SELECT unnest(members))`,
      'false',
    ),
    ['bundle_widening'],
  ],
  [
    'a slot for any workload',
    rewrite('ctx.register_owner(text, text, text[], text[])', `bound <> p_workload`, 'false'),
    ['slot_takeover'],
  ],
  [
    'TRUNCATE granted',
    'GRANT TRUNCATE ON ef.executions TO ef_writer',
    ['truncate_references_trigger_grant', 'truncate_grant'],
  ],
  [
    'REFERENCES and TRIGGER granted',
    'GRANT REFERENCES, TRIGGER ON ef.flows TO ef_registry',
    ['truncate_references_trigger_grant'],
  ],
  ['a grant to PUBLIC', 'GRANT SELECT ON ef.flows TO PUBLIC', ['public_grant']],
  [
    'temporary tables',
    "DO $$ BEGIN EXECUTE format('GRANT TEMP ON DATABASE %I TO ef_api', current_database()); END $$",
    ['create_grant'],
  ],
  [
    'a foreign key without the tenant',
    'CREATE UNIQUE INDEX executions_id ON ef.executions (id); ALTER TABLE ef.requests ADD FOREIGN KEY (id) REFERENCES ef.executions (id) NOT VALID',
    ['fk_oracle', 'unique_oracle'],
  ],
  [
    'a view',
    'CREATE VIEW ef.leak AS SELECT * FROM ef.executions; GRANT SELECT ON ef.leak TO ef_api',
    ['view_owner_and_materialized_view', 'ownership'],
  ],
  [
    'a definer function with an open search path',
    'CREATE FUNCTION ef.leak() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS $$ SELECT count(*) FROM ef.executions $$',
    ['security_definer', 'public_grant', 'ownership'],
  ],
  [
    'a payload in NOTIFY',
    `CREATE FUNCTION ef.tell() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_notify('executions', NEW.id::text); RETURN NEW; END $$; CREATE TRIGGER tell AFTER UPDATE ON ef.executions FOR EACH ROW EXECUTE FUNCTION ef.tell()`,
    ['notify_snoop'],
  ],
  [
    'advisory locks for everybody',
    'GRANT EXECUTE ON FUNCTION pg_advisory_lock(bigint) TO PUBLIC',
    ['disturbing_functions', 'advisory_dos'],
  ],
  [
    'a setting of the database',
    `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = public', current_database()); END $$`,
    ['search_path_poison'],
  ],
];

describe('a broken schema', () => seesEvery(MUTATIONS));
