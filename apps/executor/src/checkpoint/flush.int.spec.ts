import { compileFlow } from '@easyflow/engine';
import { newId } from '@easyflow/kernel-ids';
import type { BatchSession, Lease, LeaseOwner, TenantToken } from '@easyflow/tenant-context';
import { waitFor, type TestTenant } from '@easyflow/testing';
import { ExecutorRig } from '../executor-rig.test';
import { LiveExecution } from '../execution/live-execution';
import { takeCheckpoint, type Checkpoint, type CheckpointContent } from './checkpoint';
import { flush } from './flush';

jest.setTimeout(60_000);

const program = compileFlow({
  document: { dsl: '1.0.0', namespace: 'test', name: 'any', version: '1.0.0' },
  do: [{ keep: { set: '${ . }' } }],
});

const waiting: CheckpointContent = { outcome: 'leave', status: 'waiting', dueAt: Infinity };
const completed: CheckpointContent = { outcome: 'end', status: 'completed', output: {} };

describe('a flush', () => {
  let rig: ExecutorRig;
  let tenant: TestTenant;
  let owner: LeaseOwner;

  beforeAll(async () => {
    rig = await ExecutorRig.open();
    tenant = await rig.database.createTenant();
    owner = await rig.database.registerOwner('executor');
  });

  afterAll(() => rig.close());

  it.each<[string, Partial<Checkpoint>]>([
    ['waits', {}],
    ['has children', { children: [child()] }],
  ])(
    'loses neither the checkpoint of an execution that %s nor a wake that commits beside it',
    async (_, more) => {
      const id = await rig.accept(tenant, 'any');
      const lease = await claim(id);
      const wake = await rig.holdWake(tenant, id);
      // The flush has taken its snapshot and waits for the row; then the wake commits and the row has moved.
      const flushed = write([{ ...checkpoint(id, lease, waiting), ...more }]);
      await wake.commitWhenAwaited();

      expect(await flushed).toMatchObject([{ wakes: lease.wakeSeq + 1, held: false }]);
      expect(await rig.execution(tenant, id)).toMatchObject({ status: 'waiting', revision: 1 });
      expect(await rig.history(tenant, id)).toHaveLength(1);
      expect(
        await rig.count('SELECT count(*) FROM ef.execution_signals WHERE execution_id = $1', [id]),
      ).toBe(1);
      expect(await due(id)).toBe(true);
    },
  );

  it.each<[string, Partial<Checkpoint>]>([
    ['alone', {}],
    ['and creates children', { children: [child()] }],
  ])('ends no execution %s while a wake has not been read', async (_, more) => {
    const id = await rig.accept(tenant, 'any');
    const lease = await claim(id);
    const wake = await rig.holdWake(tenant, id);
    const row = { ...checkpoint(id, lease, completed), ...more };
    const flushed = write([row]);
    await wake.commitWhenAwaited();

    expect(await flushed).toMatchObject([{ wakes: lease.wakeSeq + 1, held: true }]);
    expect(await rig.execution(tenant, id)).toMatchObject({ status: 'pending', revision: 0 });
    expect(await rig.history(tenant, id)).toEqual([]);
    expect(await rig.count('SELECT count(*) FROM ef.executions WHERE parent_id = $1', [id])).toBe(
      0,
    );

    // Read meanwhile: now it ends.
    const read = { ...row, lease: { ...lease, wakeSeq: lease.wakeSeq + 1 } };
    expect(await write([read])).toMatchObject([{ held: false }]);
    expect(await rig.execution(tenant, id)).toMatchObject({ status: 'completed', revision: 1 });
    expect(await rig.work(tenant, id)).toBeUndefined();
  });

  it('ends a cancelled execution whatever wakes it', async () => {
    const id = await rig.accept(tenant, 'any');
    const lease = await claim(id);
    await rig.signal(tenant, id, { kind: 'cancel' });

    const row = checkpoint(id, lease, { outcome: 'end', status: 'cancelled' });
    expect(await write([row])).toMatchObject([{ held: false }]);
    expect(await rig.execution(tenant, id)).toMatchObject({ status: 'cancelled' });
  });

  it('writes one outbox row for all checkpoints of a tenant', async () => {
    const ids = [await rig.accept(tenant, 'any'), await rig.accept(tenant, 'any')];
    const rows: Checkpoint[] = [];
    for (const id of ids) rows.push(checkpoint(id, await claim(id), completed));
    const events = { events: '[]', published: '[]' };
    const written = await write(rows.map((row) => ({ ...row, ...events })));

    const [outboxId, ...others] = new Set(written.map((found) => found?.outboxId));
    expect(others).toEqual([]);
    const found = await rig.database.superuser<{ executions: string[]; segments: number[] }>(
      'SELECT executions, segments FROM ef.outbox WHERE tenant_id = $1 AND id = $2',
      [tenant.id, outboxId],
    );
    expect(found).toHaveLength(1);
    expect(found[0]?.executions.sort()).toEqual([...ids].sort());
    expect(found[0]?.segments).toEqual(rows.map(({ segment }) => segment));
  });

  it('leaves a waiting execution at rest when nothing woke it', async () => {
    const id = await rig.accept(tenant, 'any');
    const lease = await claim(id);

    expect(await write([checkpoint(id, lease, waiting)])).toMatchObject([{ wakes: lease.wakeSeq }]);
    expect(await due(id)).toBe(false);
  });

  it.each([
    ['has ended', 'lease_until = clock_timestamp()'],
    ['was taken over', 'claim_no = claim_no + 1'],
    ['is of another owner', `lease_owner = 'another'`],
  ])('writes nothing when the lease %s', async (_, change) => {
    const id = await rig.accept(tenant, 'any');
    const lease = await claim(id);
    await rig.database.superuser(`UPDATE ef.work SET ${change} WHERE tenant_id = $1 AND id = $2`, [
      tenant.id,
      id,
    ]);
    const parent = await rig.accept(tenant, 'any');
    const addedValues = [{ id: 1, value: '{}', refs: null }];
    const row = {
      ...checkpoint(id, lease, completed),
      children: [child()],
      addedValues,
      ...wake(parent),
    };

    expect(await write([row])).toEqual([undefined]);
    expect(await values(id)).toEqual([]);
    expect(await rig.execution(tenant, id)).toMatchObject({ status: 'pending', revision: 0 });
    expect(await rig.history(tenant, id)).toEqual([]);
    expect(await rig.work(tenant, id)).toBeDefined();
    expect(await rig.work(tenant, parent)).toMatchObject({ wake_seq: 0 });
    expect(await rig.count('SELECT count(*) FROM ef.executions WHERE parent_id = $1', [id])).toBe(
      0,
    );
  });

  it('wakes a parent that checkpoints in the same flush as the end of its child', async () => {
    const parent = await rig.accept(tenant, 'any');
    const id = await rig.accept(tenant, 'any');
    const [parentLease, lease] = [await claim(parent), await claim(id)];
    const rows = [
      checkpoint(parent, parentLease, waiting),
      { ...checkpoint(id, lease, completed), ...wake(parent) },
    ];

    expect(await write(rows)).toMatchObject([{ wakes: 0 }, { wakes: 0 }]);
    expect(await rig.work(tenant, id)).toBeUndefined();
    expect(await rig.work(tenant, parent)).toMatchObject({ wake_seq: 1 });
    expect(await due(parent)).toBe(true);
    expect(
      await rig.count('SELECT count(*) FROM ef.execution_signals WHERE execution_id = $1', [
        parent,
      ]),
    ).toBe(1);
  });

  it('wakes a parent once for two children of one flush and keeps both signals', async () => {
    const parent = await rig.accept(tenant, 'any', {}, { dueAt: 'infinity' });
    const rows: Checkpoint[] = [];
    for (let n = 0; n < 2; n += 1) {
      const id = await rig.accept(tenant, 'any');
      rows.push({ ...checkpoint(id, await claim(id), completed), ...wake(parent) });
    }

    await write(rows);

    expect(await rig.work(tenant, parent)).toMatchObject({ wake_seq: 1 });
    expect(
      await rig.count('SELECT count(*) FROM ef.execution_signals WHERE execution_id = $1', [
        parent,
      ]),
    ).toBe(2);
  });

  it('wakes the schedule that counts from the end of its execution', async () => {
    const scheduleId = newId();
    await rig.database.superuser(
      `INSERT INTO ef.work (tenant_id, kind, id, due_at) VALUES ($1, 'schedule', $2, 'infinity')`,
      [tenant.id, scheduleId],
    );
    const id = await rig.accept(tenant, 'any');
    const row = checkpoint(id, await claim(id), completed, `schedule:${scheduleId}`);

    await write([row]);

    expect(
      await rig.count(
        `SELECT count(*) FROM ef.work WHERE kind = 'schedule' AND id = $1 AND due_at <= now() AND wake_seq = 1`,
        [scheduleId],
      ),
    ).toBe(1);
  });

  it('writes nothing when it is frozen between its checkpoint and COMMIT past its lease', async () => {
    const access = await rig.database.accessFor(['ef_writer'], { idleInTransactionMs: 1_000 });
    const id = await rig.accept(tenant, 'any');
    const lease = await claim(id, 2_000);
    const thawed = Promise.withResolvers<void>();
    const stored = Promise.withResolvers<void>();
    const frozen = new Proxy(access.writer, {
      get: (writer, name) =>
        name !== 'transaction'
          ? (Reflect.get(writer, name) as unknown)
          : (tokens: readonly TenantToken[], work: (session: BatchSession) => Promise<unknown>) =>
              writer.transaction(tokens, (session) =>
                work({
                  ...session,
                  query: async (statement) => {
                    const answer = await session.query<never>(statement);
                    stored.resolve();
                    await thawed.promise;
                    return answer;
                  },
                }),
              ),
    });
    const flushed = write([{ ...checkpoint(id, lease, waiting), children: [child()] }], frozen);
    const outcome = expect(flushed).rejects.toMatchObject({ retryable: true });
    await stored.promise;

    // The row is locked until the server ends the session of the frozen one, and then at once another's.
    const other = await rig.database.registerOwner('executor');
    const [taken] = await waitFor(
      async () => {
        const leases = await rig.access.claims.claim(other, ['execution'], 1);
        return leases.length > 0 && leases;
      },
      { describe: 'another to take the execution over' },
    );
    expect(taken).toMatchObject({ id, claimNo: lease.claimNo + 1 });
    thawed.resolve();
    await outcome;
    expect(await rig.execution(tenant, id)).toMatchObject({ status: 'pending', revision: 0 });
    expect(await rig.history(tenant, id)).toEqual([]);
    expect(await rig.count('SELECT count(*) FROM ef.executions WHERE parent_id = $1', [id])).toBe(
      0,
    );
  });

  it('writes and removes the values of each checkpoint that comes back, and no other', async () => {
    const stay: CheckpointContent = { outcome: 'stay', status: 'running' };
    const rows: Checkpoint[] = [];
    for (let n = 0; n < 4; n += 1) {
      const id = await rig.accept(tenant, 'any');
      rows.push(checkpoint(id, await claim(id), stay));
    }
    const [none, one, late, two] = rows as [Checkpoint, Checkpoint, Checkpoint, Checkpoint];
    await rig.database.superuser(`UPDATE ef.work SET claim_no = claim_no + 1 WHERE id = $1`, [
      late.id,
    ]);
    const value = (of: number) => ({
      id: of,
      value: `{"nul": "\\u0000", "of": ${of}}`,
      refs: '[]',
    });
    const first = [
      none,
      { ...one, addedValues: [value(1), { ...value(2), refs: null }] },
      { ...late, addedValues: [value(3)] },
      { ...two, addedValues: [value(4)] },
    ];
    await write(first);
    // The answer to the COMMIT was lost.
    await write(first);
    expect(await values(none.id)).toEqual([]);
    expect(await values(one.id)).toEqual([1, 2]);
    expect(await values(late.id)).toEqual([]);
    expect(await values(two.id)).toEqual([4]);

    const second = [
      { ...one, removedValues: [1], addedValues: [value(5)] },
      { ...two, removedValues: [4, 9] },
      { ...late, removedValues: [1] },
    ];
    await write(second);
    await write(second);
    expect(await values(one.id)).toEqual([2, 5]);
    expect(await values(two.id)).toEqual([]);
  });

  it('can be repeated when the answer to its COMMIT was lost', async () => {
    const id = await rig.accept(tenant, 'any');
    const lease = await claim(id);
    const row = {
      ...checkpoint(id, lease, { outcome: 'stay', status: 'running' }),
      children: [child()],
    };

    expect(await write([row])).toMatchObject([{ wakes: 0 }]);
    expect(await write([row])).toMatchObject([{ wakes: 0 }]);
    expect(await rig.history(tenant, id)).toHaveLength(1);
    expect(await rig.count('SELECT count(*) FROM ef.executions WHERE parent_id = $1', [id])).toBe(
      1,
    );
  });

  async function claim(id: string, leaseMs?: number): Promise<Lease> {
    await rig.database.superuser(
      `UPDATE ef.work SET due_at = CASE WHEN id = $1 THEN now() ELSE 'infinity' END
       WHERE lease_until IS NULL OR lease_until <= now()`,
      [id],
    );
    const [lease] = await rig.access.claims.claim(owner, ['execution'], 1, leaseMs);
    if (lease?.id !== id) throw new Error('the claim took another execution');
    return lease;
  }

  function checkpoint(
    id: string,
    lease: Lease,
    content: CheckpointContent,
    parentKey?: string,
  ): Checkpoint {
    const facts = {
      tenantId: tenant.id,
      id,
      flow: program.flow,
      mode: 'balanced',
      input: {},
      parentKey,
      createdAt: 0,
    };
    const execution = new LiveExecution(facts, program, lease);
    execution.history.push({
      sequence: 1,
      type: 'executionStarted',
      at: '2026-01-01T00:00:00.000Z',
    });
    return takeCheckpoint(execution, content);
  }

  function child() {
    return { id: newId(), flow: program.flow, input: '{}', parentKey: 'key' };
  }

  function wake(parent: string): Pick<Checkpoint, 'wake'> {
    return { wake: { kind: 'execution', id: parent, signal: '{"kind":"childEnded"}' } };
  }

  async function write(rows: readonly Checkpoint[], writer = rig.access.writer) {
    const token: TenantToken = await tenant.token('ef_writer');
    const sorted = [...rows].sort((a, b) => (a.id < b.id ? -1 : 1));
    return flush(writer, owner.owner, { tokens: [token], rows: sorted, published: [] });
  }

  async function values(id: string): Promise<number[]> {
    const rows = await rig.database.superuser<{ id: number }>(
      'SELECT id FROM ef.execution_values WHERE tenant_id = $1 AND execution_id = $2 ORDER BY id',
      [tenant.id, id],
    );
    return rows.map((row) => row.id);
  }

  async function due(id: string): Promise<boolean> {
    const [row] = await rig.database.superuser<{ due: boolean }>(
      'SELECT due_at <= now() AS due FROM ef.work WHERE tenant_id = $1 AND id = $2',
      [tenant.id, id],
    );
    return row?.due ?? false;
  }
});
