import type { Json } from '@easyflow/engine';
import type { BornExecution, EndedExecution, LocalDispatch } from '@easyflow/tenant-context';
import { waitFor, type TestDatabase, type TestTenant } from '@easyflow/testing';
import { GatewayRig, orderFlow } from './gateway-rig.test';

/** Stands in for the executor of the same process: takes what is delivered and tells how it ended. */
class FakeDispatch implements LocalDispatch<Json> {
  room = 100;
  readonly born: BornExecution<Json>[] = [];
  owner: { owner: string; secret: string } | undefined;
  private readonly listeners = new Set<(ended: readonly EndedExecution[]) => void>();

  reserve(count: number) {
    if (!this.owner || count > this.room) return undefined;
    this.room -= count;
    return { ...this.owner, leaseMs: 15_000 };
  }

  deliver(born: readonly BornExecution<Json>[]): void {
    this.born.push(...born);
  }

  release(count: number): void {
    this.room += count;
  }

  refused(): void {
    this.owner = undefined;
  }

  onEnded(listener: (ended: readonly EndedExecution[]) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  end(ended: EndedExecution): void {
    for (const listener of this.listeners) listener([ended]);
  }
}

const dispatch = new FakeDispatch();
let rig: GatewayRig;
let tenant: TestTenant;
let database: TestDatabase;

beforeAll(async () => {
  rig = await GatewayRig.start({ localDispatch: () => dispatch });
  ({ database } = rig);
  dispatch.owner = await database.registerOwner('executor', 'local-1');
  tenant = await rig.tenant();
  await rig.apply(tenant, orderFlow());
}, 60_000);
afterAll(() => rig.close(), 30_000);

const start = (json: unknown, headers: Record<string, string> = {}) =>
  rig.call<{ id: string; status: string }>('POST', '/v1/flows/shop/order/executions', {
    credential: tenant.apiKey,
    json,
    headers,
  });
const lease = async (id: string) => {
  const [row] = await database.superuser<{ lease_owner: string | null; claim_no: number }>(
    'SELECT lease_owner, claim_no FROM ef.work WHERE id = $1',
    [id],
  );
  return row;
};

describe('with an executor in the same process', () => {
  it('executions are born leased to it', async () => {
    const { body } = await start({ input: { amount: 4 }, mode: 'realtime' });
    expect(await lease(body.id)).toEqual({ lease_owner: dispatch.owner?.owner, claim_no: 1 });
    const born = dispatch.born.find(({ id }) => id === body.id);
    expect(born).toMatchObject({
      tenantId: tenant.id,
      flow: { namespace: 'shop', name: 'order', version: '1.0.0' },
      input: { amount: 4 },
      mode: 'realtime',
      claimNo: 1,
      wakeSeq: 0,
    });
    expect(born?.leaseDeadline).toBeGreaterThan(performance.now());
  });

  it('a request that waits gets what the executor tells', async () => {
    const before = dispatch.born.length;
    const pending = start({ input: { amount: 5 } }, { prefer: 'wait=30' });
    await waitFor(async () => dispatch.born.length > before, { describe: 'a delivery' });
    const id = dispatch.born.at(-1)?.id ?? '';
    dispatch.end({ tenantId: tenant.id, id, status: 'completed', output: '{"total":5}' });
    const answer = await pending;
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({ id, status: 'completed', output: { total: 5 } });
  });

  it('without room they are left to be claimed', async () => {
    const { room } = dispatch;
    dispatch.room = 0;
    const { body } = await start({ input: { amount: 4 } });
    dispatch.room = room;
    expect(await lease(body.id)).toEqual({ lease_owner: null, claim_no: 0 });
    expect(dispatch.born.find(({ id }) => id === body.id)).toBeUndefined();
  });

  it('with a slot that was taken over they are accepted all the same, and left to be claimed', async () => {
    const { owner, room } = dispatch;
    await database.registerOwner('executor', 'local-1');
    const { status, body } = await start({ input: { amount: 4 } });
    expect(status).toBe(202);
    expect(await lease(body.id)).toEqual({ lease_owner: null, claim_no: 0 });
    expect(dispatch.owner).toBeUndefined();
    expect(dispatch.room).toBe(room);
    dispatch.owner = await database.registerOwner('executor', 'local-1');
    expect(dispatch.owner.owner).toBe(owner?.owner);
  });

  it('a replay and a failure give the reserved room back', async () => {
    const { room } = dispatch;
    const key = { 'idempotency-key': 'once' };
    const first = await start({ input: { amount: 4 } }, key);
    const again = await start({ input: { amount: 4 } }, key);
    expect(again.body.id).toBe(first.body.id);
    expect(dispatch.room).toBe(room - 1);
    rig.road.up = false;
    expect((await start({ input: { amount: 4 } })).status).toBe(503);
    rig.road.up = true;
    expect(dispatch.room).toBe(room - 1);
  });
});
