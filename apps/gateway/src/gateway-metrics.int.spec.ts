import { MetricRecorder, waitFor, type TestTenant } from '@easyflow/testing';
import { GatewayRig, orderFlow } from './gateway-rig.test';

jest.setTimeout(60_000);

/** The gateway, the registry and the issuer of the rig are one process, and so are their metrics. */
describe('the metrics of a gateway', () => {
  let recorder: MetricRecorder;
  let rig: GatewayRig;
  let tenant: TestTenant;

  const start = (json: unknown, headers: Record<string, string> = {}) =>
    rig.call<{ id: string }>('POST', '/v1/flows/shop/order/executions', {
      credential: tenant.apiKey,
      json,
      headers,
    });

  beforeAll(async () => {
    recorder = await MetricRecorder.start();
    rig = await GatewayRig.start();
    tenant = await rig.tenant();
    expect((await rig.apply(tenant, orderFlow())).status).toBe(201);
  });

  afterAll(async () => {
    await rig.close();
    await recorder.stop();
  });

  it('count what was accepted, by mode, and its flushes', async () => {
    for (const mode of ['balanced', 'realtime', 'balanced']) {
      expect((await start({ input: { amount: 1 }, mode })).status).toBe(202);
    }
    const key = { 'idempotency-key': 'once' };
    for (let n = 0; n < 2; n += 1) await start({ input: { amount: 1 }, mode: 'eco' }, key);

    expect(await recorder.values('easyflow.execution.accepted')).toEqual({
      balanced: 2,
      realtime: 1,
      eco: 1,
    });
    const metrics = await recorder.read();
    // The replayed request was part of a flush, too.
    expect(metrics.get('easyflow.intent.flush.size')?.dataPoints[0]?.value).toMatchObject({
      sum: 5,
      count: 5,
    });
    expect(await recorder.values('easyflow.intent.flush.duration')).toEqual({ written: 5 });
  });

  it('count refusals by their code', async () => {
    await start({ input: { amount: 'much' } });
    await start({ input: { amount: 'more' } });
    await rig.call('GET', '/v1/flows');
    await rig.call('GET', '/v1/flows', { credential: `ef_${'A'.repeat(43)}` });

    expect(await recorder.values('easyflow.request.refused')).toEqual({
      'input.invalid': 2,
      'auth.required': 1,
      'auth.invalid_credentials': 1,
    });
    expect(await recorder.values('easyflow.credential.refused')).toEqual({
      api_key: 1,
      // The gateway asks of what is nothing else whether it is the admin key.
      admin_key: 1,
    });
    expect((await recorder.values('easyflow.token.minted'))['database']).toBeGreaterThan(0);
  });

  it('count requests that waited, and how that ended', async () => {
    expect((await start({ input: { amount: 1 } }, { prefer: 'wait=1' })).status).toBe(202);
    const waiting = start({ input: { amount: 77 } }, { prefer: 'wait=20' });
    const id = await waitFor(
      async () =>
        (
          await rig.database.superuser<{ id: string }>(
            `SELECT id FROM ef.executions WHERE tenant_id = $1 AND input::text LIKE '%77%'`,
            [tenant.id],
          )
        )[0]?.id,
      { describe: 'the execution' },
    );
    await rig.end(id, 'completed', { output: 1 });
    expect((await waiting).status).toBe(200);

    expect(await recorder.values('easyflow.request.waited')).toEqual({ timed_out: 1, ended: 1 });
  });

  it('count changes of flows, and the messages that carry them', async () => {
    await rig.apply(tenant, orderFlow('2.0.0', { do: [{ bad: { nonsense: {} } }] }));

    expect(await recorder.values('easyflow.flow.change')).toEqual({
      'flow.apply done': 1,
      'flow.apply refused': 1,
    });
    expect(await recorder.values('easyflow.message.sent')).toMatchObject({
      'flow.apply': 2,
      reply: 2,
    });
    expect(await recorder.values('easyflow.message.received')).toMatchObject({
      request: 2,
      reply: 2,
    });
  });
});
