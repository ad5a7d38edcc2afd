import { scheduleRow, tickExecutionId } from '@easyflow/domain-schedule';
import { compileFlow, type Json } from '@easyflow/engine';
import { newId } from '@easyflow/kernel-ids';
import { systemClock, type Clock } from '@easyflow/kernel-time';
import { InProcessTransport } from '@easyflow/platform-messaging';
import { logger } from '@easyflow/platform-telemetry';
import { EnvelopeSigner, type DatabaseAccess } from '@easyflow/tenant-context';
import {
  createTestDatabase,
  MetricRecorder,
  waitFor,
  type TestDatabase,
  type TestTenant,
} from '@easyflow/testing';
import { generateKeyPairSync } from 'node:crypto';
import { Scheduler } from './scheduler';
import { defaultSchedulerSettings } from './scheduler-settings';

jest.setTimeout(60_000);

const quiet = logger('scheduler', { level: 'silent' });
const signer = new EnvelopeSigner({
  keyId: 'scheduler-test',
  service: 'scheduler',
  privateKey: generateKeyPairSync('ed25519').privateKey,
});

describe('schedulers', () => {
  let database: TestDatabase;
  let access: DatabaseAccess;
  let tenant: TestTenant;
  let transport: InProcessTransport;
  let recorder: MetricRecorder;
  const running: Scheduler[] = [];

  beforeAll(async () => {
    recorder = await MetricRecorder.start();
    database = await createTestDatabase();
    access = await database.accessFor(['ef_claim', 'ef_scheduler', 'ef_writer']);
    tenant = await database.createTenant();
    transport = new InProcessTransport({ log: quiet });
    await transport.connect();
  });

  afterEach(async () => {
    await Promise.all(running.splice(0).map((scheduler) => scheduler.close()));
    await database.superuser('DELETE FROM ef.work');
    await database.superuser('DELETE FROM ef.schedules');
  });

  afterAll(async () => {
    await transport.close();
    await database.drop();
    await recorder.stop();
  });

  it('start each tick once, however many they are', async () => {
    const { id, first } = await schedule({ every: { milliseconds: 200 } });
    await Promise.all([start(), start(), start()]);

    await waitFor(async () => (await ticks(id)).length >= 15, { describe: '15 ticks' });
    await Promise.all(running.splice(0).map((scheduler) => scheduler.close()));

    const found = await ticks(id);
    expect(found).toEqual(found.map((_, n) => first + n * 200));
    const [row] = await database.superuser<{ executions: string; work: string }>(
      `SELECT (SELECT count(*) FROM ef.executions WHERE tenant_id = $1 AND flow_name = $2) AS executions,
              (SELECT count(*) FROM ef.work WHERE tenant_id = $1 AND kind = 'execution') AS work`,
      [tenant.id, nameOf(id)],
    );
    expect(row).toEqual({ executions: String(found.length), work: String(found.length) });
  });

  it('keep to the rate of their tenant, however many fire, and let no other wait', async () => {
    const { id: free } = await schedule({ every: { milliseconds: 200 } });
    const before = tenant;
    tenant = await database.createTenant({ limits: { requestsPerSecond: 3 } });
    const limited = tenant;
    const since = performance.now();
    for (let count = 0; count < 8; count += 1) await schedule({ every: { milliseconds: 1 } });
    tenant = before;
    await start();
    await waitFor(async () => (await ticks(free)).length >= 15, { describe: '15 ticks' });
    const [row] = await database.superuser<{ n: number }>(
      'SELECT count(*)::int AS n FROM ef.executions WHERE tenant_id = $1',
      [limited.id],
    );
    expect(row?.n).toBeGreaterThan(3);
    expect(row?.n).toBeLessThanOrEqual(3 + (3 * (performance.now() - since)) / 1_000);
  });

  it('start a tick once that was started and whose move was lost', async () => {
    const { id, first } = await schedule({ every: { hours: 1 } }, -3_600_000);
    await start();
    await waitFor(async () => (await ticks(id)).length === 1, { describe: 'the tick' });
    await database.superuser(
      'UPDATE ef.schedules SET next_tick = $2, last_tick = NULL WHERE id = $1',
      [id, new Date(first)],
    );
    await wake(id);

    await waitFor(async () => (await nextTick(id)) === first + 3_600_000, { describe: 'the move' });
    expect(await ticks(id)).toEqual([first]);
  });

  it('make up for ticks that a dead scheduler held', async () => {
    const { id, first } = await schedule({ every: { seconds: 1 } }, -20_500);
    const dead = await database.registerOwner('scheduler');
    const held = await access.claims.claim(dead, ['schedule'], 1, 1_000);
    expect(held.map((lease) => lease.id)).toEqual([id]);
    await start();

    await waitFor(async () => (await ticks(id)).length >= 20, { describe: '20 ticks' });
    const found = await ticks(id);
    expect(found.slice(0, 20)).toEqual(Array.from({ length: 20 }, (_, n) => first + n * 1_000));
  });

  it('skip all but the last of the ticks missed long ago', async () => {
    const { id, first } = await schedule({ every: { minutes: 10 } }, -3_660_000);
    await start();

    await waitFor(async () => (await ticks(id)).length > 0, { describe: 'a tick' });
    // Six ticks were missed; the last of them, a minute ago, is the most recent.
    expect(await ticks(id)).toEqual([first + 3_000_000]);
    expect(await nextTick(id)).toBe(first + 3_600_000);
  });

  it('measure what they fire, how late, and what they skip', async () => {
    const measured = async () => {
      const metrics = await recorder.read();
      const lag = metrics.get('easyflow.schedule.lag')?.dataPoints[0]?.value;
      return {
        fired: (await recorder.values('easyflow.schedule.tick.fired'))[''] ?? 0,
        skipped: (await recorder.values('easyflow.schedule.skipped'))[''] ?? 0,
        lag: typeof lag === 'object' ? (lag.sum ?? 0) : 0,
      };
    };
    const before = await measured();
    const { id } = await schedule({ every: { minutes: 10 } }, -3_660_000);
    await start();
    await waitFor(async () => (await ticks(id)).length > 0, { describe: 'a tick' });
    await waitFor(async () => (await measured()).fired === before.fired + 1, {
      describe: 'the tick to be counted',
    });

    const after = await measured();
    expect(after.skipped).toBe(before.skipped + 1);
    // The tick that is fired was due a minute ago.
    expect(after.lag - before.lag).toBeGreaterThanOrEqual(60);
    expect(after.lag - before.lag).toBeLessThan(120);
  });

  it('fire a cron at its next match', async () => {
    const { id, first } = await schedule({ cron: '*/5 * * * *' });
    expect(first % 300_000).toBe(0);
    await start({ ...systemClock, now: () => first + 3 });
    await wake(id);

    await waitFor(async () => (await ticks(id)).length > 0, { describe: 'the tick' });
    expect(await ticks(id)).toEqual([first]);
    expect(await nextTick(id)).toBe(first + 300_000);
  });

  it('count an `after` from the end of the execution before', async () => {
    const { id, first } = await schedule({ after: { milliseconds: 300 } });
    await start();
    await waitFor(async () => (await ticks(id)).length === 1, { describe: 'the first tick' });
    expect((await ticks(id))[0]).toBe(first);
    expect(await work(id)).toMatchObject({ due: 'infinity' });

    const [ended] = await database.superuser<{ ended_at: Date; parent_key: string }>(
      `UPDATE ef.executions SET status = 'completed', ended_at = now() WHERE tenant_id = $1 AND id = $2
       RETURNING ended_at, parent_key`,
      [tenant.id, tickExecutionId(id, first)],
    );
    // The executor's checkpoint wakes what the execution's parent key names.
    expect(ended?.parent_key).toBe(`schedule:${id}`);
    await wake(id);

    await waitFor(async () => (await ticks(id)).length === 2, { describe: 'the second tick' });
    expect((await ticks(id))[1]).toBe((ended?.ended_at.getTime() ?? 0) + 300);
  });

  it('start nothing after the end of a run whose flow has no `after` any more', async () => {
    const { id, first } = await schedule({ after: { milliseconds: 1 } });
    await start();
    await waitFor(async () => (await ticks(id)).length === 1, { describe: 'the first tick' });
    await database.superuser(
      'UPDATE ef.flows SET active_version = NULL WHERE tenant_id = $1 AND name = $2',
      [tenant.id, nameOf(id)],
    );
    await wake(id);
    await waitFor(async () => (await work(id))?.['due'] === 'infinity', { describe: 'the rest' });
    expect(await lastTick(id)).toBe(first);

    await database.superuser(
      `UPDATE ef.executions SET status = 'completed', ended_at = now() WHERE tenant_id = $1 AND id = $2`,
      [tenant.id, tickExecutionId(id, first)],
    );
    await wake(id);
    // A version that brings the schedule back begins anew.
    await waitFor(async () => (await lastTick(id)) === undefined, { describe: 'the end' });
    expect(await ticks(id)).toEqual([first]);
  });

  it('forget the work of a schedule that was removed', async () => {
    const { id } = await schedule({ every: { hours: 1 } });
    await database.superuser('DELETE FROM ef.schedules WHERE id = $1', [id]);
    await wake(id);
    await start();

    await waitFor(async () => !(await work(id)), { describe: 'the work row to go' });
    expect(await ticks(id)).toEqual([]);
  });

  it('leave a schedule alone that is replaced while they look', async () => {
    const { id, first } = await schedule({ every: { hours: 1 } }, -3_600_000);
    const owner = await database.registerOwner('scheduler');
    const [lease] = await access.claims.claim(owner, ['schedule'], 1);
    expect(lease?.id).toBe(id);
    const later = first + 7_200_000;
    await database.superuser(
      `UPDATE ef.schedules SET expression = 'PT7200S', next_tick = $2 WHERE id = $1`,
      [id, new Date(later)],
    );
    await wake(id);
    await access.claims.release(owner, lease ? [lease] : []);
    await start();

    await waitFor(
      async () => (await work(id))?.['lease_owner'] === null && (await nextTick(id)) === later,
      {
        describe: 'the schedule to be looked at',
      },
    );
    expect(await ticks(id)).toEqual([]);
  });

  async function start(clock: Clock = systemClock): Promise<void> {
    const scheduler = new Scheduler({
      settings: { ...defaultSchedulerSettings, pollMs: 50, slot: newId() },
      database: access,
      transport,
      issuer: { registerOwner: (slot) => database.registerOwner('scheduler', slot) },
      signer,
      clock,
      logger: quiet,
    });
    running.push(scheduler);
    await scheduler.start();
  }

  /** Activates a flow with a schedule, as the registry would, `shift` milliseconds from now. */
  async function schedule(on: Json, shift = 0): Promise<{ id: string; first: number }> {
    const id = newId();
    const program = compileFlow({
      document: { dsl: '1.0.0', namespace: 'test', name: nameOf(id), version: '1.0.0' },
      schedule: on,
      do: [{ nothing: { set: { done: true } } }],
    });
    const row = scheduleRow(program, { now: Date.now() + shift });
    if (row?.nextTick === undefined) throw new Error('no schedule');
    const { nextTick: first } = row;
    const key = [tenant.id, 'test', nameOf(id), '1.0.0'];
    await database.superuser(
      'INSERT INTO ef.flows (tenant_id, namespace, name, active_version) VALUES ($1, $2, $3, $4)',
      key,
    );
    await database.superuser(
      `INSERT INTO ef.flow_versions (tenant_id, namespace, name, version, id, document, source, media_type, content_hash)
       VALUES ($1, $2, $3, $4, $5, '{}', '', '', '')`,
      [...key, newId()],
    );
    await database.superuser(
      `INSERT INTO ef.schedules (tenant_id, namespace, name, version, id, kind, expression, next_tick)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
      [...key, id, row.kind, row.expression, new Date(first)],
    );
    await database.superuser(
      `INSERT INTO ef.work (tenant_id, kind, id, due_at) VALUES ($1, 'schedule', $2, $3)`,
      [tenant.id, id, new Date(first)],
    );
    return { id, first };
  }

  async function wake(id: string): Promise<void> {
    await database.superuser(
      `UPDATE ef.work SET wake_seq = wake_seq + 1, due_at = least(due_at, now()) WHERE kind = 'schedule' AND id = $1`,
      [id],
    );
  }

  async function ticks(id: string): Promise<number[]> {
    const rows = await database.superuser<{ key: string }>(
      `SELECT k.key FROM ef.idempotency_keys k JOIN ef.executions e ON e.tenant_id = k.tenant_id AND e.id = k.execution_id
       WHERE k.tenant_id = $1 AND k.key LIKE $2 ORDER BY k.key`,
      [tenant.id, `schedule ${id} %`],
    );
    return rows.map((row) => Date.parse(row.key.split(' ')[2] ?? ''));
  }

  async function lastTick(id: string): Promise<number | undefined> {
    const [row] = await database.superuser<{ last_tick: Date | null }>(
      'SELECT last_tick FROM ef.schedules WHERE id = $1',
      [id],
    );
    return row?.last_tick?.getTime();
  }

  async function nextTick(id: string): Promise<number | undefined> {
    const [row] = await database.superuser<{ next_tick: Date | null }>(
      'SELECT next_tick FROM ef.schedules WHERE id = $1',
      [id],
    );
    return row?.next_tick?.getTime();
  }

  async function work(id: string): Promise<Record<string, unknown> | undefined> {
    const [row] = await database.superuser<Record<string, unknown>>(
      `SELECT due_at::text AS due, lease_owner FROM ef.work WHERE kind = 'schedule' AND id = $1`,
      [id],
    );
    return row;
  }
});

function nameOf(id: string): string {
  return `f-${id}`;
}
