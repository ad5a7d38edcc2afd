import { waitFor } from '@easyflow/testing';
import { callingTenant } from './durability/calling-tenant';
import { countExecutions, exactlyOnce, untilDone, written } from './durability/counting';
import { inParallel, startUntilAccepted } from './durability/load';
import { flow, set } from './flows';
import { isAlive, processState, signal, type ShapeProcess } from './shape/processes';
import type { Tenant } from './shape/shape';
import { stageOf } from './shape/stage';

const LEASE_MS = 5_000;

/** What dies here is started again, as in a cluster; nothing accepted may be lost or happen twice. */
describe('processes that die or freeze', () => {
  jest.setTimeout(120_000);
  const stage = stageOf({
    kind: 'services',
    args: ['--executors', '2'],
    env: { EASYFLOW_LOG_LEVEL: 'warn', EASYFLOW_EXECUTOR_LEASE_MS: String(LEASE_MS) },
  });
  const { test } = stage;
  const tenantWith = (name: string) => callingTenant(stage, name, ['first', 'second']);
  const allDone = (tenant: Tenant) => untilDone(stage.shape, tenant, 90_000);

  /** Each execution has two keys however often it was called, and its output is one answer for each. */
  async function expectOneResultPerKey(tenant: Tenant, name: string, count: number): Promise<void> {
    expect(await countExecutions(stage.shape, tenant, name)).toEqual(exactlyOnce(count));
    const rows = await stage.shape.sql<{ first: string; second: string }>(
      `SELECT output #>> '{calls,first,key}' AS first, output #>> '{calls,second,key}' AS second
       FROM executions WHERE tenant_id = $1`,
      [tenant.id],
    );
    for (const step of ['first', 'second'] as const) {
      const called = new Set(stage.target.callsOf(`/${name}/${step}`).map(({ key }) => key));
      expect(new Set(rows.map((row) => row[step]))).toEqual(called);
      expect(called.size).toBe(count);
    }
  }

  test('executors killed in the middle of 500 executions: each completes exactly once', async () => {
    const name = 'killed';
    const tenant = await tenantWith(name);
    stage.target.answer = ({ path }) => (path.startsWith(`/${name}/`) ? { delayMs: 1_500 } : {});
    const [one, two] = await stage.shape.processes('executor');
    const started = await inParallel(500, 50, () => tenant.api.start(`e2e/${name}`));
    expect([...new Set(started.map(({ status }) => status))]).toEqual([202]);
    const calls = (step: string) => stage.target.callsOf(`/${name}/${step}`).length;
    await waitFor(() => calls('first') >= 250, { describe: 'half of the first calls' });
    await stage.shape.killAndAwaitRestart(one as ShapeProcess);
    await waitFor(() => calls('second') >= 100, { timeout: 60_000, describe: 'some second calls' });
    await stage.shape.killAndAwaitRestart(two as ShapeProcess);
    await allDone(tenant);
    await expectOneResultPerKey(tenant, name, 500);
    // The control: they died with calls in flight, which were made again.
    expect(calls('first') + calls('second')).toBeGreaterThan(1_000);
  });

  test('executors killed in the middle of loops over large inputs: each comes back to what it held', async () => {
    const name = 'large';
    const tenant = await stage.shape.createTenant({ name });
    const applied = await tenant.api.apply(
      flow(name, [
        {
          each: {
            for: { each: 'item', in: '${ .list }' },
            do: [
              {
                call: {
                  call: 'http',
                  with: {
                    method: 'post',
                    endpoint: `${stage.target.url}/${name}`,
                    body: { n: '${ $item.n }', text: '${ $item.text }' },
                  },
                  export: { as: '${ $context + {($item.n | tostring): .} }' },
                },
              },
            ],
          },
        },
        set('done', { results: '${ $context | del(.list) }', list: '${ $workflow.input.list }' }),
      ]),
    );
    expect(applied.status).toBe(201);
    // What is answered is kept, and large enough to be stored by itself.
    stage.target.answer = ({ body, key }) => ({
      delayMs: 50,
      json: { key, n: (JSON.parse(body) as { n: number }).n, text: 'answered '.repeat(300) },
    });
    const [executions, items] = [12, 30];
    const list = (of: number) =>
      Array.from({ length: items }, (_, n) => ({ n, text: `${of} ${n} `.repeat(800) }));
    const started = await inParallel(executions, 6, (of) =>
      tenant.api.start(`e2e/${name}`, { input: { list: list(of) } }),
    );
    expect([...new Set(started.map(({ status }) => status))]).toEqual([202]);
    const calls = () => stage.target.callsOf(`/${name}`);
    const [one, two] = await stage.shape.processes('executor');
    await waitFor(() => calls().length >= 60, { timeout: 60_000, describe: 'some calls' });
    await stage.shape.killAndAwaitRestart(one as ShapeProcess);
    await waitFor(() => calls().length >= 200, { timeout: 60_000, describe: 'more calls' });
    await stage.shape.killAndAwaitRestart(two as ShapeProcess);
    await allDone(tenant);

    for (const [of, { body }] of started.entries()) {
      const [row] = await stage.shape.sql<{ status: string; output: string }>(
        'SELECT status, output::text AS output FROM executions WHERE id = $1',
        [body.id],
      );
      expect(row?.status).toBe('completed');
      const output = JSON.parse(row?.output ?? '') as {
        list: unknown;
        results: Record<string, { n: number; text: string; key: string }>;
      };
      expect(JSON.stringify(output.list) === JSON.stringify(list(of))).toBe(true);
      expect(Object.values(output.results).map(({ n }) => n)).toEqual(list(of).map(({ n }) => n));
    }
    // A call that was made again has its key, and no step of which the answer was stored was made again.
    expect(new Set(calls().map(({ key }) => key)).size).toBe(executions * items);
    // The control: they died with calls in flight.
    expect(calls().length).toBeGreaterThan(executions * items);
    const left = await stage.shape.sql('SELECT id FROM execution_values WHERE tenant_id = $1', [
      tenant.id,
    ]);
    expect(left).toEqual([]);
  });

  test('the gateway killed during a burst: what was accepted completes, each key exactly once', async () => {
    const name = 'burst';
    const tenant = await tenantWith(name);
    stage.target.answer = () => ({});
    const gateway = await stage.shape.process('gateway');
    let accepted = 0;
    const load = inParallel(400, 32, async (n) => {
      const { answer, attempts } = await startUntilAccepted(
        tenant.api,
        `e2e/${name}`,
        `burst-${n}`,
      );
      accepted += 1;
      return { status: answer.status, id: answer.body.id, attempts };
    });
    await waitFor(() => accepted >= 100, { every: 5, describe: '100 accepted requests' });
    await stage.shape.killAndAwaitRestart(gateway);
    const answers = await load;
    expect([...new Set(answers.map(({ status }) => status))]).toEqual([202]);
    expect(new Set(answers.map(({ id }) => id)).size).toBe(400);
    expect(answers.some(({ attempts }) => attempts > 1)).toBe(true);
    await allDone(tenant);
    await expectOneResultPerKey(tenant, name, 400);
    const stored = await stage.shape.sql<{ id: string }>(
      'SELECT id FROM executions WHERE tenant_id = $1',
      [tenant.id],
    );
    expect(new Set(stored.map(({ id }) => id))).toEqual(new Set(answers.map(({ id }) => id)));
  });

  /** Has all of a tenant's executions in the first calls of one executor, which then is frozen past its lease. */
  async function freeze(
    name: string,
    takenOver: boolean,
  ): Promise<{ tenant: Tenant; frozen: ShapeProcess; thaw: () => Promise<void> }> {
    const tenant = await tenantWith(name);
    stage.target.answer = () => ({});
    const [frozen, other] = (await stage.shape.processes('executor')) as [
      ShapeProcess,
      ShapeProcess,
    ];
    await signal(other.pid, 'SIGSTOP');
    const open = stage.target.hold(`/${name}/first`);
    await inParallel(20, 20, () => tenant.api.start(`e2e/${name}`));
    await waitFor(() => stage.target.callsOf(`/${name}/first`).length === 20, {
      describe: 'all first calls to be made by one executor',
    });
    await signal(frozen.pid, 'SIGSTOP');
    if (takenOver) await signal(other.pid, 'SIGCONT');
    // The answers now lie in the sockets of the frozen executor.
    open();
    return {
      tenant,
      frozen,
      thaw: async () => {
        await signal(frozen.pid, 'SIGCONT');
        if (!takenOver) await signal(other.pid, 'SIGCONT');
        await waitFor(async () => (await processState(frozen.pid)) !== 'T', {
          describe: 'the executor to go on',
        });
      },
    };
  }

  const resultsOf = async (tenant: Tenant) => {
    const rows = await stage.shape.sql<{ nth: number }>(
      `SELECT DISTINCT (output #>> '{calls,first,nth}')::int AS nth FROM executions WHERE tenant_id = $1`,
      [tenant.id],
    );
    return rows.map(({ nth }) => nth);
  };

  test('an executor frozen past its lease writes nothing when another took over', async () => {
    const { tenant, frozen, thaw } = await freeze('frozen', true);
    await allDone(tenant);
    const before = await written(stage.shape, tenant.id);
    await thaw();
    // It has the answers of the first calls since its first turn; it gets the time to try to store them.
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    expect(await isAlive(frozen.pid)).toBe(true);
    expect(await written(stage.shape, tenant.id)).toBe(before);
    await expectOneResultPerKey(tenant, 'frozen', 20);
    expect(await resultsOf(tenant)).toEqual([2]);
  });

  test('an executor frozen past its lease writes nothing also when none took over', async () => {
    const { tenant, thaw } = await freeze('alone', false);
    const before = await written(stage.shape, tenant.id);
    await new Promise((resolve) => setTimeout(resolve, LEASE_MS + 1_000));
    expect(await written(stage.shape, tenant.id)).toBe(before);
    await thaw();
    await allDone(tenant);
    await expectOneResultPerKey(tenant, 'alone', 20);
    // Not the answers that came while the lease was over: the effects ran again, under the same keys.
    expect(await resultsOf(tenant)).toEqual([2]);
  });

  test('executors paused within an expression fault nothing: time is not the flow’s', async () => {
    const name = 'paused';
    const tenant = await tenantWith(name);
    const compute = { compute: { set: { sum: '${ [range(300000)] | add }' } } };
    const each = { for: { each: 'n', in: '${ [range(30)] }' }, do: [compute] };
    await tenant.api.apply(flow('computing', [{ loop: each }]));
    const started = await inParallel(8, 8, () => tenant.api.start('e2e/computing'));
    const executors = await stage.shape.processes('executor');
    const states = async (status: string) => {
      const rows = await stage.shape.sql<{ id: string }>(
        'SELECT id FROM executions WHERE tenant_id = $1 AND status = $2',
        [tenant.id, status],
      );
      return rows.length;
    };
    await waitFor(async () => (await states('running')) > 0, { describe: 'them to compute' });
    // Longer than an expression may ever take, shorter than a lease; nearly all time is spent in expressions.
    for (const { pid } of executors) await signal(pid, 'SIGSTOP');
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    for (const { pid } of executors) await signal(pid, 'SIGCONT');
    await waitFor(async () => (await states('completed')) === started.length, {
      timeout: 60_000,
      describe: async () => `all to complete; ${await states('faulted')} have faulted`,
    });
  });

  test('Postgres killed: 503, then it serves again by itself and nothing accepted is lost', async () => {
    const name = 'database';
    const tenant = await tenantWith(name);
    stage.target.answer = () => ({});
    const postgres = await stage.shape.process('postgres');
    let refused = 0;
    let over = false;
    const ids: string[] = [];
    const load = inParallel(8, 8, async () => {
      while (!over) {
        const { status, body, headers } = await tenant.api.start(`e2e/${name}`);
        expect([202, 503]).toContain(status);
        if (status === 202) ids.push(body.id);
        else {
          refused += 1;
          expect(Number(headers['retry-after'])).toBeGreaterThanOrEqual(1);
        }
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    });
    await waitFor(() => ids.length >= 50, { describe: 'some accepted requests' });
    await stage.shape.killAndAwaitRestart(postgres);
    const then = ids.length;
    await waitFor(() => ids.length >= then + 50, {
      timeout: 30_000,
      describe: () => `requests to be accepted again; ${refused} were refused`,
    });
    over = true;
    await load;
    expect(refused).toBeGreaterThanOrEqual(1);
    await allDone(tenant);
    const counted = await countExecutions(stage.shape, tenant, name);
    expect(counted).toEqual(exactlyOnce(counted.executions));
    const stored = await stage.shape.sql<{ id: string }>(
      'SELECT id FROM executions WHERE tenant_id = $1',
      [tenant.id],
    );
    const known = new Set(stored.map(({ id }) => id));
    expect(ids.filter((id) => !known.has(id))).toEqual([]);
  });

  test('Kafka and Redis killed and back: waiting for results works again by itself', async () => {
    const name = 'brokers';
    const tenant = await tenantWith(name);
    await stage.shape.killAndAwaitRestart(await stage.shape.process('kafka'));
    await stage.shape.killAndAwaitRestart(await stage.shape.process('redis'));
    const answer = await waitFor(
      async () => {
        const given = await tenant.api.start(`e2e/${name}`, {}, { prefer: 'wait=20' });
        expect([200, 503]).toContain(given.status);
        return given.status === 200 && given;
      },
      { timeout: 60_000, every: 250, describe: 'a result' },
    );
    expect(answer.body.status).toBe('completed');
    // A registry that began anew waits until Kafka has given up what it was before, which takes some ten seconds.
    const document = flow('applied-again', [set('x', { ok: true })]);
    await waitFor(
      async () => {
        const { status } = await tenant.api.apply(document);
        expect([200, 201, 503]).toContain(status);
        return status !== 503;
      },
      { timeout: 60_000, every: 250, describe: 'a flow to be applied' },
    );
  });

  test('usage equals what completed, by flow, mode and hour, also after a restart of analytics', async () => {
    const differences = () =>
      stage.shape.sql(
        `SELECT * FROM (
           SELECT tenant_id, date_trunc('hour', ended_at AT TIME ZONE 'UTC') AS hour, flow_namespace, flow_name, mode,
             count(*) AS executions
           FROM executions WHERE status = 'completed' GROUP BY 1, 2, 3, 4, 5
         ) done FULL JOIN (
           SELECT tenant_id, hour AT TIME ZONE 'UTC' AS hour, flow_namespace, flow_name, mode, executions, cost FROM usage_hourly
         ) billed USING (tenant_id, hour, flow_namespace, flow_name, mode)
         WHERE done.executions IS DISTINCT FROM billed.executions
            OR billed.cost IS DISTINCT FROM billed.executions * CASE mode WHEN 'realtime' THEN 0.004 WHEN 'balanced' THEN 0.0035 ELSE 0.003 END`,
      );
    const equal = () =>
      waitFor(async () => (await differences()).length === 0, {
        timeout: 10_000,
        every: 200,
        describe: async () => `usage to be equal: ${JSON.stringify(await differences())}`,
      });
    await equal();
    await stage.shape.killAndAwaitRestart(await stage.shape.process('analytics'));
    // The ten seconds are those of an analytics that runs; how long a slow machine starts it is not counted.
    const { url } = await stage.shape.process('analytics');
    const isReady = () =>
      fetch(`${url}/readyz`).then(
        ({ ok }) => ok,
        () => false,
      );
    await waitFor(isReady, { timeout: 60_000, describe: 'analytics to be ready' });
    const tenant = await tenantWith('billed');
    await inParallel(30, 10, () => tenant.api.run('e2e/billed'));
    await equal();
    const { body } = await tenant.api.get('/v1/usage');
    expect(body.items.reduce((sum, { executions }) => sum + executions, 0)).toBe(30);
    expect(body.items.reduce((sum, { cost }) => sum + Number(cost), 0)).toBeCloseTo(0.105, 9);
  });
});
