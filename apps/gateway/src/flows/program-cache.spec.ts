import { UserError } from '@easyflow/kernel-errors';
import { newId } from '@easyflow/kernel-ids';
import type { TenantToken } from '@easyflow/tenant-context';
import { ProgramCache } from './program-cache';

const flow = { namespace: 'shop', name: 'order' };
const token = (tenantId: string) => ({ tenantId }) as TenantToken;

function document(version: string, padding: number): string {
  return JSON.stringify({
    document: { dsl: '1.0.0', ...flow, version },
    do: [{ one: { set: { a: 'x'.repeat(padding) } } }],
  });
}

function cache() {
  const clock = { time: 0, now: () => 0, monotonic: () => clock.time };
  const state = { active: '1.0.0', notices: true, reads: 0, documents: 0, padding: 1 };
  const programs = new ProgramCache({
    flows: {
      active: async () => {
        state.reads += 1;
        return state.active;
      },
      document: async (_token, _flow, version) => {
        if (version === '9.9.9') throw new UserError('flow.version_unknown', 'none');
        state.documents += 1;
        return { document: document(version, state.padding), source: '', mediaType: '' };
      },
    },
    noticesArrive: () => state.notices,
    clock,
  });
  return { programs, state, clock };
}

describe('ProgramCache', () => {
  it('reads and compiles once, for concurrent requests too', async () => {
    const { programs, state } = cache();
    const tenant = token(newId());
    const found = await Promise.all([1, 2, 3].map(() => programs.resolve(tenant, flow)));
    await programs.resolve(tenant, flow);
    expect(found[0]?.program.flow.version).toBe('1.0.0');
    expect(state).toMatchObject({ reads: 1, documents: 1 });
  });

  it('keeps few programs of large documents', async () => {
    const { programs, state } = cache();
    const tenant = token(newId());
    state.padding = 1_000_000;
    const resolve = async (version: string) => {
      state.active = version;
      programs.forget(tenant.tenantId, flow);
      await programs.resolve(tenant, flow);
    };
    for (let minor = 0; minor < 10; minor += 1) await resolve(`1.${minor}.0`);
    await resolve('1.9.0');
    expect(state.documents).toBe(10);
    await resolve('1.0.0');
    expect(state.documents).toBe(11);
  });

  it('sees an activation at once when it is announced', async () => {
    const { programs, state } = cache();
    const tenant = token(newId());
    await programs.resolve(tenant, flow);
    state.active = '2.0.0';
    expect((await programs.resolve(tenant, flow)).version).toBe('1.0.0');
    programs.forget(tenant.tenantId, flow);
    expect((await programs.resolve(tenant, flow)).version).toBe('2.0.0');
  });

  it.each([
    [true, 5_000],
    [false, 1_000],
  ])('sees it without a notice too (notices arrive: %s) after %d ms', async (notices, limit) => {
    const { programs, state, clock } = cache();
    const tenant = token(newId());
    state.notices = notices;
    await programs.resolve(tenant, flow);
    state.active = '2.0.0';
    clock.time = limit - 1;
    expect((await programs.resolve(tenant, flow)).version).toBe('1.0.0');
    clock.time = limit;
    expect((await programs.resolve(tenant, flow)).version).toBe('2.0.0');
  });

  it('keeps nothing that was read before a notice came', async () => {
    const { programs, state } = cache();
    const tenant = token(newId());
    const early = programs.resolve(tenant, flow);
    programs.forget(tenant.tenantId, flow);
    await early;
    state.active = '2.0.0';
    expect((await programs.resolve(tenant, flow)).version).toBe('2.0.0');
  });

  it('shares nothing between tenants', async () => {
    const { programs, state } = cache();
    await programs.resolve(token(newId()), flow);
    await programs.resolve(token(newId()), flow);
    expect(state).toMatchObject({ reads: 2, documents: 2 });
  });

  it('keeps what one tenant reads, whatever others activate meanwhile', async () => {
    const { programs, state } = cache();
    const tenant = token(newId());
    const reading = programs.resolve(tenant, flow);
    programs.forget(newId(), flow);
    await reading;
    await programs.resolve(tenant, flow);
    expect(state.reads).toBe(1);
  });

  it('passes refusals on and asks again', async () => {
    const { programs } = cache();
    const tenant = token(newId());
    await expect(programs.resolve(tenant, flow, '9.9.9')).rejects.toMatchObject({
      code: 'flow.version_unknown',
    });
    expect((await programs.resolve(tenant, flow, '1.0.0')).version).toBe('1.0.0');
  });
});
