import assert from 'node:assert/strict';
import type { Client, QueryResult } from 'pg';
import { newId } from '@easyflow/kernel-ids';
import { ROLES, type Role } from '@easyflow/platform-database';
import type { AttackBench } from './attack-bench';
import { claimOf, dueWork, OPEN, openOf, RENEW } from './lease-statements';

/** Opens a connection of a role and prepares it as the attack wants it. */
export type Connect = <T>(role: Role, work: (client: Client) => Promise<T>) => Promise<T>;

const ENQUEUE = `SELECT * FROM ctx.enqueue($1::uuid[], '{execution}', $2::uuid[], '{0}', '{now}')`;
/** $1 placement. */
const DELETES: Readonly<Partial<Record<Role, string>>> = {
  ef_writer: `SELECT ctx.end_work('{}'), ctx.forget_outbox('{"(0,1)"}'), ctx.delete_rows($1, 'execution_signals', '{"(0,1)"}')`,
  ef_registry: `SELECT ctx.end_work('{}'), ctx.delete_rows($1, 'schedules', '{"(0,1)"}')`,
  ef_api: `SELECT ctx.delete_rows($1, 'requests', '{"(0,1)"}')`,
  ef_analytics: `SELECT ctx.end_work('{}'), ctx.delete_rows($1, 'usage_hourly', '{"(0,1)"}')`,
};
const SESSIONS: readonly Role[] = [
  'ef_api',
  'ef_registry',
  'ef_worker',
  'ef_writer',
  'ef_scheduler',
  'ef_analytics',
];

/**
 * Calls every function of `ctx` that a role may call, as its role, with arguments that are accepted; a function that
 * is not among the calls fails it. Throws when a call is refused or finds nothing.
 */
export async function callEverything(bench: AttackBench, connect: Connect): Promise<void> {
  const called = new Set<string>();
  const call = async (
    client: Client,
    text: string,
    values: unknown[] = [],
  ): Promise<QueryResult> => {
    for (const [, name] of text.matchAll(/ctx\.(\w+)\(/g)) called.add(name ?? '');
    const result = await client.query(text, values);
    assert.ok((result.rowCount ?? 0) > 0, `${text} found nothing`);
    return result;
  };
  await leases(bench, connect, call);
  await issuance(bench, connect, call);
  await sessions(bench, connect, call);
  const callable = await bench.database.superuser<{ name: string }>(
    `SELECT DISTINCT p.proname AS name FROM pg_proc p CROSS JOIN unnest($1::text[]) r
      WHERE p.pronamespace = 'ctx'::regnamespace AND has_function_privilege(r, p.oid, 'EXECUTE')`,
    [ROLES],
  );
  assert.deepEqual(
    callable.map(({ name }) => name).filter((name) => !called.has(name)),
    [],
    'functions that nobody attacks',
  );
}

type Call = (client: Client, text: string, values?: unknown[]) => Promise<QueryResult>;

async function leases(bench: AttackBench, connect: Connect, call: Call): Promise<void> {
  const ids = await dueWork(bench, bench.a, 3);
  const owner = await bench.database.registerOwner('executor');
  await connect('ef_claim', async (client) => {
    await call(
      client,
      'SELECT * FROM ctx.claim($1, $2, $3::text[], $4, $5)',
      claimOf(owner, 10, 15_000, ['execution', 'outbox']),
    );
    const keys = openOf(owner, bench.a, ids);
    await call(client, OPEN, keys);
    await call(client, RENEW, [...keys, ids.map(() => 1)]);
    await call(
      client,
      `SELECT ctx.put_off($1, $2, $3::uuid[], $4::uuid[], '{1,1,1}', '{0,0,0}', '{f,f,f}', '{0,0,0}', '{r,r,r}')`,
      [owner.owner, owner.secret, ids.map(() => bench.a.id), ids],
    );
    await call(
      client,
      'SELECT ctx.release($1, $2, $3::uuid[], $4::text[], $5::uuid[], $6::int[])',
      [...keys, ids.map(() => 1)],
    );
  });
}

async function issuance(bench: AttackBench, connect: Connect, call: Call): Promise<void> {
  const id = newId();
  const executor = '{execution,outbox}';
  await connect('ef_issuer', async (client) => {
    await call(client, `SELECT * FROM ctx.mint($1, '{ef_api,ef_writer}', 'test', 60000)`, [
      bench.a.id,
    ]);
    await call(client, 'SELECT ctx.rotate_token_key()');
    await call(client, `SELECT ctx.rotate_due_token_key('0')`);
    await call(client, `SELECT * FROM ctx.mint($1, '{ef_api}', 'test', 60000)`, [bench.a.id]);
    await call(client, `SELECT ctx.register_owner($1, 'executor', '${executor}', '{ef_worker}')`, [
      `executor.${id}`,
    ]);
    await call(client, `SELECT ctx.lease_slot('executor', $1)`, [`pod-${id}`]);
    await call(client, `SELECT ctx.free_slot('executor', $1)`, [`pod-${id}`]);
    await call(client, `SELECT ctx.use_delegation($1, now() + interval '1 minute')`, [id]);
    await call(client, `SELECT ctx.use_assertion($1, now() + interval '1 minute')`, [id]);
    await call(
      client,
      `SELECT ctx.create_tenant($1, 'called', '{}', 'shared', $1, sha256($2::bytea), '{}', $1, $3, 'none')`,
      [id, Buffer.from(id), `${id}@called.test`],
    );
    await call(client, 'SELECT * FROM ctx.resolve_key(sha256($1::bytea))', [Buffer.from(id)]);
    await call(client, 'SELECT * FROM ctx.resolve_login($1)', [`${id}@called.test`]);
    await call(client, 'SELECT ctx.user_exists($1, $1)', [id]);
    await call(client, `SELECT ctx.add_api_key($1, $2, sha256($3::bytea), '{}')`, [
      id,
      newId(),
      Buffer.from(`second ${id}`),
    ]);
    await call(client, 'SELECT * FROM ctx.list_keys($1)', [id]);
    await call(client, 'SELECT ctx.revoke_key($1, $1)', [id]);
    await call(client, 'SELECT * FROM ctx.find_tenant($1)', [id]);
    await call(client, 'SELECT * FROM ctx.list_tenants(NULL, 10)');
    await call(client, 'SELECT ctx.suspend_tenant($1, true)', [id]);
  });
}

async function sessions(bench: AttackBench, connect: Connect, call: Call): Promise<void> {
  for (const role of SESSIONS) {
    const { token } = await bench.a.token(role);
    await connect(role, async (client) => {
      await call(client, 'SELECT * FROM ctx.admit($1)', [[token]]);
      await client.query('BEGIN');
      await call(client, 'SELECT ctx.begin($1)', [[token]]);
      await call(
        client,
        'SELECT ctx.tenant(), ctx.tenants(), ctx.tenant_in($1), ctx.tenants_in($1)',
        [bench.a.schema],
      );
      if (role === 'ef_api') {
        await call(client, 'SELECT count(*) FROM ctx.claimed_pending($1, 50, NULL)', [newId()]);
      }
      if (role === 'ef_writer') await call(client, ENQUEUE, [[bench.a.id], [newId()]]);
      const deletes = DELETES[role];
      if (deletes) await call(client, deletes, [bench.a.schema]);
      await client.query('ROLLBACK');
    });
  }
}
