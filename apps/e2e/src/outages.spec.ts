import { waitFor } from '@easyflow/testing';
import { expectProblem, storedRows } from './contract/expectations';
import { callingTenant } from './durability/calling-tenant';
import { countExecutions, exactlyOnce, untilDone } from './durability/counting';
import { inParallel } from './durability/load';
import { signal } from './shape/processes';
import type { Tenant } from './shape/shape';
import { stageOf } from './shape/stage';

/** What is stopped here stays stopped: requests are served all the same, or refused before anything is stored. */
describe('servers that are down', () => {
  jest.setTimeout(120_000);
  const stage = stageOf({
    kind: 'services',
    args: ['--executors', '1', '--no-restart'],
    env: { EASYFLOW_LOG_LEVEL: 'warn' },
  });
  const { test } = stage;
  const tenantWith = (name: string) => callingTenant(stage, name, ['first']);
  const allDone = (tenant: Tenant) => untilDone(stage.shape, tenant);

  test('Redis: requests are served, and the rate is held', async () => {
    const tenant = await tenantWith('redis');
    const small = await stage.shape.createTenant({ limits: { requestsPerSecond: 5 } });
    await signal((await stage.shape.process('redis')).pid, 'SIGKILL');
    const answers = await inParallel(50, 10, () => tenant.api.run('e2e/redis'));
    expect([...new Set(answers.map(({ status }) => status))]).toEqual([200]);
    const limited = await inParallel(60, 60, () => small.api.get('/v1/flows'));
    expect([...new Set(limited.map(({ status }) => status))].sort()).toEqual([200, 429]);
  });

  describe('Kafka', () => {
    let tenant: Tenant;
    const key = { 'idempotency-key': 'known-before' };

    test('stops during 200 requests: all are accepted, and complete while it is down', async () => {
      tenant = await tenantWith('kafka');
      const known = await tenant.api.start('e2e/kafka', {}, { ...key, prefer: 'wait=20' });
      expect(known.status).toBe(200);
      const kafka = await stage.shape.process('kafka');
      let done = 0;
      const load = inParallel(200, 8, async () => {
        const { status, body } = await tenant.api.start('e2e/kafka');
        done += 1;
        return { status, dispatch: body.dispatch };
      });
      await waitFor(() => done >= 60, { every: 2, describe: 'the first requests' });
      await signal(kafka.pid, 'SIGKILL');
      // The contract's second; nothing that waits is accepted from here on.
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      const refused = await tenant.api.start('e2e/kafka', {}, { prefer: 'wait=5' });
      expectProblem(refused, 503, 'transport.unavailable');
      const answers = await load;
      expect([...new Set(answers.map(({ status }) => status))]).toEqual([202]);
      await allDone(tenant);
      expect(await countExecutions(stage.shape, tenant, 'kafka')).toEqual(exactlyOnce(201));
      const late = await tenant.api.start('e2e/kafka');
      expect([late.status, late.body.dispatch]).toEqual([202, 'deferred']);
      await allDone(tenant);
    });

    test('a request that would wait is refused at once, before anything is stored', async () => {
      await refusesToWait();
    });

    test('a gateway that starts now does the same', async () => {
      const gateway = await stage.shape.process('gateway');
      const command = await stage.shape.commandOf(gateway);
      await signal(gateway.pid, 'SIGKILL');
      await stage.shape.replica(command, { port: stage.shape.port, slot: '0' });
      await waitFor(
        async () =>
          (
            await stage.shape
              .client()
              .get('/healthz')
              .catch(() => undefined)
          )?.status === 200,
        {
          timeout: 30_000,
          describe: 'the new gateway to live',
        },
      );
      await refusesToWait();
      const before = (await countExecutions(stage.shape, tenant, 'kafka')).executions;
      const answers = await inParallel(200, 8, () => tenant.api.start('e2e/kafka'));
      expect([...new Set(answers.map(({ status }) => status))]).toEqual([202]);
      expect([...new Set(answers.map(({ body }) => body.dispatch))]).toEqual(['deferred']);
      await allDone(tenant);
      expect(await countExecutions(stage.shape, tenant, 'kafka')).toEqual(
        exactlyOnce(before + 200),
      );
    });

    async function refusesToWait(): Promise<void> {
      const rows = await storedRows(stage.shape, tenant.id);
      const asked = performance.now();
      const refused = await tenant.api.start('e2e/kafka', {}, { prefer: 'wait=5' });
      expectProblem(refused, 503, 'transport.unavailable');
      expect(performance.now() - asked).toBeLessThan(5_000);
      expect(await storedRows(stage.shape, tenant.id)).toEqual(rows);
      // What is final needs no message.
      const replay = await tenant.api.start('e2e/kafka', {}, { ...key, prefer: 'wait=5' });
      expect([replay.status, replay.body.status]).toEqual([200, 'completed']);
      expect((await tenant.api.get('/v1/executions')).status).toBe(200);
    }
  });

  test('Postgres: 503 with Retry-After, quickly, and never anything else', async () => {
    const tenant = await stage.shape.demo();
    await signal((await stage.shape.process('postgres')).pid, 'SIGKILL');
    for (let n = 0; n < 10; n += 1) {
      const asked = performance.now();
      expectProblem(await tenant.api.start('samples/hello'), 503);
      expectProblem(await tenant.api.get('/v1/executions'), 503);
      expect(performance.now() - asked).toBeLessThan(15_000);
    }
    expect((await stage.shape.client().get('/healthz')).status).toBe(200);
    expect((await stage.shape.client().get('/readyz')).status).toBe(503);
  });
});
