import { waitFor } from '@easyflow/testing';
import { untilDone } from './durability/counting';
import { callHttp, flow, set } from './flows';
import { signal } from './shape/processes';
import { stageOf } from './shape/stage';
import type { Shape, Tenant } from './shape/shape';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** Half an hour off the full one, so that a window by another clock would be seen. */
const ECO_TIME_ZONE = 'Asia/Kolkata';
const ECO_OFFSET = 5.5 * HOUR;

/** Time of day as the eco window is written. */
const timeOfDay = (time: number) =>
  new Date(time + ECO_OFFSET).toISOString().slice('2026-01-01T'.length, '2026-01-01T00:00'.length);

/** What waits for its time, while the processes that watch the time are killed. */
describe('schedules and the eco window', () => {
  jest.setTimeout(240_000);
  /** The first full minute by which the shape surely runs and two executors have been killed. */
  let opens = 0;
  const stage = stageOf(() => {
    opens = Math.ceil((Date.now() + 90 * SECOND) / MINUTE) * MINUTE;
    return {
      kind: 'services',
      args: ['--executors', '2', '--schedulers', '2'],
      env: {
        EASYFLOW_LOG_LEVEL: 'warn',
        EASYFLOW_ECO_WINDOW: `${timeOfDay(opens)}-${timeOfDay(opens + 2 * HOUR)}`,
        EASYFLOW_ECO_TIMEZONE: ECO_TIME_ZONE,
      },
    };
  });

  stage.test('each tick and each eco execution has its time, whoever is killed', async () => {
    const { shape } = stage;
    const [ticking, missing, eco] = [
      await ticker(shape, 'PT1S'),
      await ticker(shape, 'PT10M'),
      await ecoExecution(),
    ];
    await Promise.all([
      (async () => {
        await ticking.reach(12);
        await killOne('scheduler');
        await ticking.reach(24);
        await killOne('scheduler');
        await ticking.reach(36);
        await missLongAgo(missing.tenant);
        await keepDown('scheduler', 4 * SECOND);
        await ticking.reach(61);
      })(),
      (async () => {
        await untilTime(opens - 40 * SECOND);
        await eco.expectNotStarted();
        await killOne('executor');
        await untilTime(opens - 25 * SECOND);
        await keepDown('executor', 3 * SECOND);
        await untilTime(opens - SECOND);
        await eco.expectNotStarted();
        await eco.expectStartedAfterOpening();
      })(),
    ]);
    await ticking.end();

    // A tick a second from the first to the last, each once, those of the time without a scheduler among them.
    const times = await ticking.times();
    const gaps = times.slice(1).map((time, index) => time - (times[index] ?? 0));
    expect([...new Set(gaps)]).toEqual([SECOND]);
    await untilDone(shape, ticking.tenant);
    expect(await ticking.statuses()).toEqual(['completed']);

    // Of six ticks missed by more than 45 s only the last has fired.
    await waitFor(async () => (await missing.times()).length > 0, { describe: 'the missed tick' });
    const [fired, ...more] = await missing.times();
    expect(more).toEqual([]);
    expect(Date.now() - (fired ?? 0)).toBeLessThan(10 * MINUTE);

    const inside = await eco.tenant.api.run('e2e/eco', {}, { mode: 'eco' });
    expect([inside.status, inside.body.status]).toEqual([200, 'completed']);
  });

  async function killOne(service: string): Promise<void> {
    const [victim] = await stage.shape.processes(service);
    if (!victim) throw new Error(`no ${service}`);
    await stage.shape.killAndAwaitRestart(victim);
  }

  /** Kills every process of a service, and what is started in its place, for a while; waits for all of them after it. */
  async function keepDown(service: string, milliseconds: number): Promise<void> {
    const count = (await stage.shape.processes(service)).length;
    const killed = new Set<number>();
    const until = Date.now() + milliseconds;
    while (Date.now() < until) {
      for (const { pid } of await stage.shape.processes(service)) {
        await signal(pid, 'SIGKILL');
        killed.add(pid);
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect(killed.size).toBeGreaterThanOrEqual(count);
    await waitFor(
      async () => {
        const now = await stage.shape.processes(service);
        return now.filter(({ pid }) => !killed.has(pid)).length === count;
      },
      { describe: `all of ${service} to run again` },
    );
  }

  /** As after an hour without a scheduler: the tick that comes next is the first of those missed. */
  async function missLongAgo(tenant: Tenant): Promise<void> {
    await stage.shape.sql(
      `WITH moved AS (
         UPDATE schedules SET next_tick = next_tick - interval '1 hour' WHERE tenant_id = $1 RETURNING id, next_tick
       )
       UPDATE work w SET due_at = m.next_tick FROM moved m
       WHERE w.tenant_id = $1 AND w.kind = 'schedule' AND w.id = m.id`,
      [tenant.id],
    );
  }

  /** An eco execution that was posted before its window opens. */
  async function ecoExecution() {
    const { shape, target } = stage;
    const tenant = await shape.createTenant();
    await tenant.api.apply(flow('eco', [callHttp('first', `${target.url}/eco`)]));
    const { status, body } = await tenant.api.start('e2e/eco', { mode: 'eco' });
    expect(status).toBe(202);
    const read = async () => (await tenant.api.get(`/v1/executions/${body.id}`)).body;
    return {
      tenant,
      expectNotStarted: async () => {
        const { status: now, startedAt } = await read();
        expect(Date.now()).toBeLessThan(opens);
        expect([now, startedAt]).toEqual(['pending', undefined]);
        expect(target.callsOf('/eco')).toEqual([]);
      },
      expectStartedAfterOpening: async () => {
        const done = await waitFor(
          async () => {
            const now = await read();
            return now.status === 'completed' && now;
          },
          { timeout: 60_000, describe: async () => `the eco execution: ${(await read()).status}` },
        );
        expect(Date.parse(done.startedAt ?? '')).toBeGreaterThanOrEqual(opens);
        expect(target.callsOf('/eco')).toHaveLength(1);
      },
    };
  }
});

/** A tenant whose only flow is started by its schedule. */
async function ticker(shape: Shape, every: string) {
  const tenant = await shape.createTenant();
  const steps = [set('x', { ok: true })];
  expect((await tenant.api.apply(flow('ticks', steps, { schedule: { every } }))).status).toBe(201);
  const rows = () =>
    shape.sql<{ id: string; status: string }>(
      'SELECT id, status FROM executions WHERE tenant_id = $1 ORDER BY id',
      [tenant.id],
    );
  return {
    tenant,
    /** The tick times, which the ids of their executions begin with. */
    times: async () =>
      (await rows()).map(({ id }) => Number.parseInt(id.replace('-', '').slice(0, 12), 16)),
    statuses: async () => [...new Set((await rows()).map(({ status }) => status))],
    reach: (count: number) =>
      waitFor(async () => (await rows()).length >= count, {
        timeout: 90_000,
        describe: `${count} ticks`,
      }),
    /** A version without a schedule ends it. */
    end: () => tenant.api.apply(flow('ticks', steps, {}, '2.0.0')),
  };
}

async function untilTime(time: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, time - Date.now())));
}
