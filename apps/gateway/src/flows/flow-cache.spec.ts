import { UserError } from '@easyflow/kernel-errors';
import { newId } from '@easyflow/kernel-ids';
import type { TenantToken } from '@easyflow/tenant-context';
import { FlowCache } from './flow-cache';

const flow = { namespace: 'shop', name: 'order' };
const token = (tenantId: string) => ({ tenantId }) as TenantToken;

function cache() {
  const clock = { time: 0, now: () => 0, monotonic: () => clock.time };
  const state = {
    active: '1.0.0',
    notices: true,
    reads: 0,
    schemas: 0,
    schema: '{}' as string | undefined,
  };
  const flows = new FlowCache({
    flows: {
      active: async () => {
        state.reads += 1;
        return state.active;
      },
      inputSchema: async (_token, _flow, version) => {
        if (version === '9.9.9') throw new UserError('flow.version_unknown', 'none');
        state.schemas += 1;
        return state.schema;
      },
    },
    noticesArrive: () => state.notices,
    clock,
  });
  return { flows, state, clock };
}

describe('FlowCache', () => {
  it('reads once, for concurrent requests too', async () => {
    const { flows, state } = cache();
    const tenant = token(newId());
    const found = await Promise.all([1, 2, 3].map(() => flows.resolve(tenant, flow)));
    await flows.resolve(tenant, flow);
    expect(found[0]).toMatchObject({ version: '1.0.0', input: { schema: '{}' } });
    expect(state).toMatchObject({ reads: 1, schemas: 1 });
  });

  it('knows of a flow that it takes any input', async () => {
    const { flows, state } = cache();
    const tenant = token(newId());
    state.schema = undefined;
    expect(await flows.resolve(tenant, flow)).toEqual({ version: '1.0.0', input: undefined });
    await flows.resolve(tenant, flow);
    expect(state).toMatchObject({ reads: 1, schemas: 1 });
  });

  it('forgets flows of the tenant that has many, never those of others', async () => {
    const { flows, state } = cache();
    const [quiet, noisy] = [token(newId()), token(newId())];
    await flows.resolve(quiet, flow, '1.0.0');
    state.schema = JSON.stringify({ description: 'x'.repeat(900_000) });
    for (let minor = 0; minor < 20; minor += 1) await flows.resolve(noisy, flow, `1.${minor}.0`);
    state.schemas = 0;
    await flows.resolve(quiet, flow, '1.0.0');
    await flows.resolve(noisy, flow, '1.19.0');
    expect(state.schemas).toBe(0);
    await flows.resolve(noisy, flow, '1.0.0');
    expect(state.schemas).toBe(1);
  });

  it('sees an activation at once when it is announced', async () => {
    const { flows, state } = cache();
    const tenant = token(newId());
    await flows.resolve(tenant, flow);
    state.active = '2.0.0';
    expect((await flows.resolve(tenant, flow)).version).toBe('1.0.0');
    flows.forget(tenant.tenantId, flow);
    expect((await flows.resolve(tenant, flow)).version).toBe('2.0.0');
  });

  it.each([
    [true, 5_000],
    [false, 1_000],
  ])('sees it without a notice too (notices arrive: %s) after %d ms', async (notices, limit) => {
    const { flows, state, clock } = cache();
    const tenant = token(newId());
    state.notices = notices;
    await flows.resolve(tenant, flow);
    state.active = '2.0.0';
    clock.time = limit - 1;
    expect((await flows.resolve(tenant, flow)).version).toBe('1.0.0');
    clock.time = limit;
    expect((await flows.resolve(tenant, flow)).version).toBe('2.0.0');
  });

  it('keeps nothing that was read before a notice came', async () => {
    const { flows, state } = cache();
    const tenant = token(newId());
    const early = flows.resolve(tenant, flow);
    flows.forget(tenant.tenantId, flow);
    await early;
    state.active = '2.0.0';
    expect((await flows.resolve(tenant, flow)).version).toBe('2.0.0');
  });

  it('shares nothing between tenants', async () => {
    const { flows, state } = cache();
    await flows.resolve(token(newId()), flow);
    await flows.resolve(token(newId()), flow);
    expect(state).toMatchObject({ reads: 2, schemas: 2 });
  });

  it('keeps what one tenant reads, whatever others activate meanwhile', async () => {
    const { flows, state } = cache();
    const tenant = token(newId());
    const reading = flows.resolve(tenant, flow);
    flows.forget(newId(), flow);
    await reading;
    await flows.resolve(tenant, flow);
    expect(state.reads).toBe(1);
  });

  it('passes refusals on and asks again', async () => {
    const { flows } = cache();
    const tenant = token(newId());
    await expect(flows.resolve(tenant, flow, '9.9.9')).rejects.toMatchObject({
      code: 'flow.version_unknown',
    });
    expect((await flows.resolve(tenant, flow, '1.0.0')).version).toBe('1.0.0');
  });
});
