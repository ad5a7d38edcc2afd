import { newId } from '@easyflow/kernel-ids';
import { systemClock } from '@easyflow/kernel-time';
import type { DatabaseAccess, TenantToken } from '@easyflow/tenant-context';
import { toDatabaseError } from '@easyflow/platform-database';
import { createTestDatabase, type TestDatabase, type TestTenant } from '@easyflow/testing';
import pg from 'pg';
import type { Intent, Outcome } from './acceptance/intent';
import { IntentQueue } from './acceptance/intent-queue';
import { IntentWriter } from './acceptance/intent-writer';

let database: TestDatabase;
let access: DatabaseAccess;
const tenants: TestTenant[] = [];
const hinted: TenantToken[][] = [];
let flushes: number[];
let queue: IntentQueue;

beforeAll(async () => {
  database = await createTestDatabase();
  access = await database.accessFor(['ef_writer']);
  for (let n = 0; n < 100; n += 1) tenants.push(await database.createTenant());
}, 120_000);
const newWriter = () =>
  new IntentWriter({
    writer: access.writer,
    localDispatch: undefined,
    canHint: () => true,
    hint: (tokens) => hinted.push([...tokens]),
    clock: systemClock,
  });
beforeEach(() => {
  flushes = [];
  const writer = newWriter();
  queue = new IntentQueue((intents) => {
    flushes.push(intents.length);
    return writer.write(intents);
  });
});
afterAll(() => database.drop(), 30_000);

async function intent(tenant: TestTenant, changes: Partial<Intent> = {}): Promise<Intent> {
  return {
    id: newId(),
    token: changes.token ?? (await tenant.token('ef_writer')),
    renewToken: () => tenant.token('ef_writer'),
    flow: { namespace: 'shop', name: 'order', version: '1.0.0' },
    input: {},
    inputText: '{}',
    mode: 'balanced',
    workClass: 0,
    createdAt: Date.now(),
    dueAt: undefined,
    traceParent: '',
    replySlot: undefined,
    idempotency: undefined,
    ...changes,
  };
}

const stored = async (intents: readonly Intent[]) => {
  const rows = await database.superuser<{ id: string }>(
    `SELECT e.id FROM ef.executions e JOIN ef.work w ON w.tenant_id = e.tenant_id AND w.id = e.id
     WHERE e.id = ANY ($1)`,
    [intents.map(({ id }) => id)],
  );
  return new Set(rows.map(({ id }) => id));
};

it('one flush commits 100 tenants and hints once', async () => {
  const intents = await Promise.all(tenants.map((tenant) => intent(tenant)));
  const outcomes = await Promise.all(intents.map((one) => queue.add(one)));
  expect(outcomes.every(({ kind }) => kind === 'accepted')).toBe(true);
  expect(flushes).toEqual([100]);
  expect((await stored(intents)).size).toBe(100);
  expect(hinted.at(-1)).toHaveLength(100);
});

it('a poison row, a forged token, an expired one and a locked tenant leave the others’ commit alone', async () => {
  const intents = await Promise.all(tenants.map((tenant) => intent(tenant)));
  const [poison, forged, expired, locked, ...others] = intents;
  if (!poison || !forged || !expired || !locked) throw new Error('100 tenants');
  poison.flow = { ...poison.flow, version: 'a\u0000b' };
  forged.token = { ...forged.token, token: forged.token.token.replace(/.{8}$/, 'AAAAAAAA') };
  expired.token = { ...expired.token, expiresAt: Date.now() - 1 };
  await database.superuser('SELECT pg_advisory_lock(uuid_hash_extended($1::uuid, 20250))', [
    locked.token.tenantId,
  ]);
  const results = await Promise.allSettled(intents.map((one) => queue.add(one)));
  await database.superuser('SELECT pg_advisory_unlock_all()');
  const kinds = results.map((result) =>
    result.status === 'fulfilled' ? result.value.kind : 'refused',
  );
  // The expired token was renewed and its intent committed with a later flush.
  expect(kinds).toEqual([
    'refused',
    'refused',
    'accepted',
    'refused',
    ...others.map(() => 'accepted'),
  ]);
  expect(await stored(intents)).toEqual(new Set([expired, ...others].map(({ id }) => id)));
});

it('two flushes bind the same keys in different order, and nobody waits for ever', async () => {
  const [a, b] = tenants;
  if (!a || !b) throw new Error('two tenants');
  const keys = Array.from({ length: 40 }, (_, n) => `key-${n}-${newId()}`);
  const other = new IntentQueue((intents) => newWriter().write(intents));
  const requestHash = Buffer.alloc(32, 1);
  const add = async (to: IntentQueue, ordered: readonly string[]): Promise<Outcome[]> => {
    const made = await Promise.all(
      ordered.map((key) =>
        intent(keys.indexOf(key) % 2 ? a : b, { idempotency: { key, requestHash } }),
      ),
    );
    return Promise.all(made.map((one) => to.add(one)));
  };
  const [one, two] = await Promise.all([add(queue, keys), add(other, [...keys].reverse())]);
  const idOf = (outcome: Outcome | undefined) => outcome && 'id' in outcome && outcome.id;
  expect([...one, ...two].filter(({ kind }) => kind === 'accepted')).toHaveLength(40);
  expect([...one, ...two].filter(({ kind }) => kind === 'replayed')).toHaveLength(40);
  expect(one.map(idOf)).toEqual([...two].reverse().map(idOf));
});

it('two gateways bind the same keys in two modes, and neither fails, nor a quiet tenant in the flush', async () => {
  const [busy, quiet] = tenants;
  if (!busy || !quiet) throw new Error('two tenants');
  const requestHash = Buffer.alloc(32, 1);
  const later = { mode: 'eco', workClass: 1 as const, dueAt: Date.now() + 3_600_000 };
  const flush = async (keys: readonly string[]) => {
    const token = await busy.token('ef_writer');
    const made = await Promise.all([
      ...keys.map((key) =>
        intent(busy, { token, idempotency: { key, requestHash }, ...(key > 'n' ? later : {}) }),
      ),
      intent(quiet),
    ]);
    return newWriter().write(made);
  };
  for (let round = 0; round < 15; round += 1) {
    const keys = Array.from({ length: 240 }, (_, n) => `${n % 2 ? 'a' : 'z'} ${newId()}`);
    // The one meets a key of one mode first, the other one of the other.
    const [one, two] = await Promise.all([flush(keys), flush([...keys].reverse())]);
    const kinds = [...one, ...two].map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === 'accepted')).toHaveLength(242);
    expect(kinds.filter((kind) => kind === 'replayed')).toHaveLength(240);
  }
});

it('what deadlocks all the same fails alone', async () => {
  const [quiet, other] = await Promise.all([intent(tenants[0]!), intent(tenants[1]!)]);
  const writer = newWriter();
  const halved = new IntentQueue(async (intents) => {
    flushes.push(intents.length);
    if (intents.includes(other)) {
      throw toDatabaseError(
        Object.assign(new pg.DatabaseError('deadlock', 8, 'error'), { code: '40P01' }),
      );
    }
    return writer.write(intents);
  });
  const results = await Promise.allSettled([halved.add(quiet), halved.add(other)]);
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
  expect(flushes).toEqual([2, 1, 1]);
});
