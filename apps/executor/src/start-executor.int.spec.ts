import { NOTICES_TOPIC, tenantEventsTopic } from '@easyflow/contracts-events';
import type { Json } from '@easyflow/engine';
import { newId } from '@easyflow/kernel-ids';
import { EnvelopeSigner, type BornExecution, type EndedExecution } from '@easyflow/tenant-context';
import { waitFor, type TestTenant } from '@easyflow/testing';
import { parseEcoWindow } from '@easyflow/domain-schedule';
import { generateKeyPairSync } from 'node:crypto';
import { ExecutorRig, FakeCaller, quietLogger, testSigner } from './executor-rig.test';
import type { ExecutorSettings } from './executor-settings';
import { startExecutor, type RunningExecutor } from './start-executor';

jest.setTimeout(60_000);

describe('startExecutor', () => {
  const gatewayKeys = generateKeyPairSync('ed25519');
  const gateway = new EnvelopeSigner({
    keyId: 'gateway-test',
    service: 'gateway',
    privateKey: gatewayKeys.privateKey,
  });
  let rig: ExecutorRig;
  let tenant: TestTenant;
  let executor: RunningExecutor | undefined;

  beforeAll(async () => {
    rig = await ExecutorRig.open();
    tenant = await rig.database.createTenant();
    await rig.flow(tenant, 'pure', [{ one: { set: { n: '${ .n + 1 }' } } }]);
    await rig.transport.ensureTopics([tenantEventsTopic(tenant.id)]);
  });

  afterEach(async () => {
    await executor?.close();
    executor = undefined;
  });
  afterAll(() => rig.close());

  it('claims at a signed hint, long before its own poll', async () => {
    executor = await start({ pollMs: 3_600_000 });
    await firstClaimIsOver(executor);
    const id = await rig.accept(tenant, 'pure', { n: 1 });
    const topic = tenantEventsTopic(tenant.id);
    const value = '{}';
    const headers = gateway.sign({ topic, type: 'hint', tenantId: tenant.id, value });
    await rig.transport.send([{ topic, headers, value }]);

    expect((await rig.ends(tenant, id)).output).toEqual({ n: 2 });
  });

  it('ignores a hint that nobody signed, and finds the work by its poll', async () => {
    executor = await start({ pollMs: 3_600_000 });
    await firstClaimIsOver(executor);
    const id = await rig.accept(tenant, 'pure', { n: 1 });
    const topic = tenantEventsTopic(tenant.id);
    await rig.transport.send([{ topic, headers: { pattern: 'hint' }, value: '{}' }]);
    await rig.transport.send([{ topic, headers: {}, value: 'x' }]);
    await executor.close();
    expect((await rig.execution(tenant, id)).status).toBe('pending');

    executor = await start({ pollMs: 50 });
    expect((await rig.ends(tenant, id)).status).toBe('completed');
  });

  it('reads the topic of a tenant that is announced', async () => {
    executor = await start({ pollMs: 3_600_000 });
    await firstClaimIsOver(executor);
    const young = await rig.database.createTenant();
    await rig.flow(young, 'pure', [{ one: { set: { n: '${ .n + 1 }' } } }]);
    const id = await rig.accept(young, 'pure', { n: 1 });
    const topic = tenantEventsTopic(young.id);
    await rig.transport.ensureTopics([topic]);
    const value = JSON.stringify({ tenantId: young.id });
    const announced = { topic: NOTICES_TOPIC, type: 'tenant.created', tenantId: young.id, value };
    await rig.transport.send([{ topic: NOTICES_TOPIC, headers: gateway.sign(announced), value }]);
    const headers = gateway.sign({ topic, type: 'hint', tenantId: young.id, value: '{}' });
    await rig.transport.send([{ topic, headers, value: '{}' }]);

    expect((await rig.ends(young, id)).output).toEqual({ n: 2 });
  });

  it('is ready when it is registered and the database answers', async () => {
    executor = await start({ http: { host: '127.0.0.1', port: 0 } });
    expect(await executor.ready()).toBe(true);
    expect((await fetch(`${executor.url ?? ''}/healthz`)).status).toBe(200);
    expect((await fetch(`${executor.url ?? ''}/readyz`)).status).toBe(200);
  });

  it('runs what was born leased in its own process and tells the results', async () => {
    executor = await start({ pollMs: 3_600_000 });
    const { localDispatch } = executor;
    const ended: EndedExecution[] = [];
    const stop = localDispatch.onEnded((some) => ended.push(...some));
    const owner = localDispatch.reserve(20);
    if (!owner) throw new Error('no room');
    const born = await bornLeased(20, owner);
    localDispatch.deliver(born);

    await waitFor(() => ended.length === 20, { describe: 'all results' });
    expect(ended.map(({ id }) => id).sort()).toEqual(born.map(({ id }) => id).sort());
    for (const one of ended) expect(one).toMatchObject({ status: 'completed', output: '{"n":8}' });
    expect(
      await rig.count('SELECT count(*) FROM ef.executions WHERE status = $1 AND id = ANY ($2)', [
        'completed',
        born.map(({ id }) => id),
      ]),
    ).toBe(20);
    stop();
  });

  it('promises no more room than it has', async () => {
    executor = await start({ maxInFlight: 10, pollMs: 3_600_000 });
    const { localDispatch } = executor;
    expect(localDispatch.reserve(11)).toBeUndefined();
    // The first claim holds all room until it comes back.
    await waitFor(() => localDispatch.reserve(10), { describe: 'room' });
    expect(localDispatch.reserve(1)).toBeUndefined();
    localDispatch.release(10);
    // Who was refused room may have left work to be claimed: that is looked for first.
    const owner = await waitFor(() => localDispatch.reserve(10), { describe: 'room again' });
    expect(owner).toMatchObject({ leaseMs: 15_000 });
    localDispatch.release(10);
  });

  /** A claim on its way holds room. */
  async function firstClaimIsOver({ localDispatch }: RunningExecutor): Promise<void> {
    await waitFor(() => localDispatch.reserve(2_000), { describe: 'the first claim to be over' });
    localDispatch.release(2_000);
  }

  function start(settings: Partial<ExecutorSettings>): Promise<RunningExecutor> {
    const publicKey = gatewayKeys.publicKey.export({ type: 'spki', format: 'pem' });
    return startExecutor({
      settings: { slot: newId(), ecoWindow: parseEcoWindow('always'), ...settings },
      database: rig.access,
      transport: rig.transport,
      issuer: {
        registerOwner: (slot) => rig.database.registerOwner('executor', slot),
        senderKeys: () =>
          Promise.resolve([
            { keyId: 'gateway-test', service: 'gateway', publicKey: String(publicKey) },
          ]),
      },
      signer: testSigner,
      caller: new FakeCaller(),
      logger: quietLogger,
    });
  }

  /** What the gateway's flush does in one process. */
  async function bornLeased(
    count: number,
    owner: { owner: string; secret: string; leaseMs: number },
  ): Promise<BornExecution<Json>[]> {
    const flow = { namespace: 'test', name: 'pure', version: '1.0.0' };
    const ids = Array.from({ length: count }, () => newId());
    const leaseDeadline = performance.now() + owner.leaseMs;
    const leased = await rig.access.writer.transaction(
      [await tenant.token('ef_writer')],
      async (session) => {
        const tenants = ids.map(() => tenant.id);
        void session.query({
          name: 'test_born',
          text: `INSERT INTO executions (tenant_id, id, flow_namespace, flow_name, flow_version, mode, status, input)
               SELECT t, i, 'test', 'pure', '1.0.0', 'balanced', 'pending', '{"n":7}' FROM unnest($1::uuid[], $2::uuid[]) x (t, i)`,
          values: [tenants, ids],
        });
        return session.query<{ id: string; claim_no: number }>({
          name: 'test_enqueue',
          text: `SELECT id, claim_no FROM ctx.enqueue($1::uuid[], $2::text[], $3::uuid[], $4::smallint[], $5::timestamptz[], $6, $7, $8)`,
          values: [
            tenants,
            ids.map(() => 'execution'),
            ids,
            ids.map(() => 0),
            ids.map(() => new Date()),
            owner.owner,
            owner.secret,
            owner.leaseMs,
          ],
        });
      },
    );
    return leased.rows.map(({ id, claim_no: claimNo }) => ({
      tenantId: tenant.id,
      id,
      flow,
      input: { n: 7 },
      mode: 'balanced',
      claimNo,
      wakeSeq: 0,
      leaseDeadline,
      createdAt: Date.now(),
    }));
  }
});
