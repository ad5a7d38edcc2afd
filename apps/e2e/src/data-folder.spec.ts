import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { waitFor } from '@easyflow/testing';
import { countExecutions, exactlyOnce, openWork } from './durability/counting';
import { inParallel } from './durability/load';
import { flow, set, wait } from './flows';
import { diagnosed } from './shape/diagnosed';
import { processesOf, signal } from './shape/processes';
import { Shape, type ShapeKind } from './shape/shape';

/** A data folder outlives whatever happens to the processes that work on it. */
describe.each<ShapeKind>(['dev', 'services'])('the data folder of %s', (kind) => {
  jest.setTimeout(120_000);
  let shape: Shape;
  const test = diagnosed(() => shape);
  let accepted = 0;

  beforeAll(async () => {
    shape = await Shape.start({
      kind,
      env: { EASYFLOW_LOG_LEVEL: 'warn', EASYFLOW_EXECUTOR_LEASE_MS: '3000' },
    });
    const { api } = await shape.demo();
    await api.apply(
      flow('survives', [
        set('begin', { ok: true }),
        wait('pause', 'PT2S'),
        set('end', { ok: true }),
      ]),
    );
  }, 240_000);
  afterAll(() => shape.stop(), 60_000);

  async function start(count: number): Promise<void> {
    const { api } = await shape.demo();
    const answers = await inParallel(count, 20, () => api.start('e2e/survives'));
    expect([...new Set(answers.map(({ status }) => status))]).toEqual([202]);
    accepted += count;
  }

  /** Everything that was accepted completes exactly once, for the same tenant with the same credentials. */
  async function expectWhole(before: Awaited<ReturnType<Shape['file']>>): Promise<void> {
    const after = await shape.file();
    const kept = ({ tenantId, apiKey, adminKey, login, databaseUrl }: typeof after) => ({
      tenantId,
      apiKey,
      adminKey,
      login,
      databaseUrl,
    });
    expect(kept(after)).toEqual(kept(before));
    const demo = await shape.demo();
    const token = await shape.client().post('/v1/auth/login', { json: demo.login });
    expect(token.status).toBe(200);
    await waitFor(async () => (await openWork(shape, demo.id)) === 0, {
      timeout: 60_000,
      describe: async () => `no open work; ${await openWork(shape, demo.id)} are open`,
    });
    expect(await countExecutions(shape, demo, 'survives')).toEqual(exactlyOnce(accepted));
    const done = await demo.api.run('e2e/survives');
    expect(done.body.status).toBe('completed');
    accepted += 1;
  }

  test('survives SIGKILL of everything at once', async () => {
    const before = await shape.file();
    await start(100);
    for (const pid of await processesOf(shape.folder)) await signal(pid, 'SIGKILL');
    expect(existsSync(shape.filePath)).toBe(true);
    await shape.up();
    await expectWhole(before);
  });

  test('survives SIGKILL of the program alone, while what it started still runs', async () => {
    const before = await shape.file();
    await start(50);
    await shape.killAll('program');
    expect((await processesOf(shape.folder)).length).toBeGreaterThan(0);
    await shape.up();
    await expectWhole(before);
  });

  test('survives SIGKILL of Postgres alone: the program starts it again', async () => {
    const before = await shape.file();
    await start(50);
    const noted = path.join(shape.dataDir, 'postgres', 'process.json');
    const { pid } = JSON.parse(readFileSync(noted, 'utf8')) as { pid: number };
    await signal(pid, 'SIGKILL');
    await waitFor(async () => (await shape.client().get('/readyz')).status === 503, {
      describe: 'the loss to be seen',
      every: 10,
    });
    await waitFor(async () => (await shape.client().get('/readyz')).status === 200, {
      timeout: 60_000,
      describe: 'Postgres to be back',
    });
    // Of services the file names the processes, with the new one among them.
    await waitFor(async () => (await shape.file()).pid === before.pid, { describe: 'the file' });
    await expectWhole(before);
  });

  test('Ctrl-C ends everything, removes the file; the next start finds the data', async () => {
    const before = await shape.file();
    await start(20);
    expect(await shape.interrupt()).toBe(130);
    expect(existsSync(shape.filePath)).toBe(false);
    expect(await processesOf(shape.folder)).toEqual([]);
    await shape.up();
    await expectWhole(before);
  });
});
