import { newId } from '@easyflow/kernel-ids';
import { logger } from '@easyflow/platform-telemetry';
import type { TenantToken } from '@easyflow/tenant-context';
import type { ExecutionResult } from './execution-result';
import { MOST_WAITING, WaitRegistry } from './wait-registry';

const quiet = logger('test', { level: 'silent' });
const tenant = newId();
const token = (tenantId: string) => ({ tenantId }) as TenantToken;
const request = (id: string, tenantId = tenant) => ({
  id,
  token: token(tenantId),
  renewToken: async () => token(tenantId),
});

function registry(stored: Map<string, ExecutionResult>) {
  const reads: string[] = [];
  const waits = new WaitRegistry(
    {
      read: async ({ id, token: { tenantId } }) => {
        reads.push(id);
        return stored.get(id) ?? stored.get(`${tenantId} ${id}`);
      },
    },
    quiet,
  );
  return { waits, reads };
}

describe('WaitRegistry', () => {
  it('resolves all who wait with the result that is told', async () => {
    const { waits, reads } = registry(new Map());
    const id = newId();
    const one = waits.wait(request(id), 60_000);
    const two = waits.wait(request(id), 60_000);
    waits.ended({ tenantId: tenant, id }, { status: 'completed', output: '{"a":1}' });
    expect(await one.result).toEqual({ status: 'completed', output: '{"a":1}' });
    expect(await two.result).toEqual(await one.result);
    expect(reads).toEqual([]);
    waits.close();
  });

  it('looks where a message says, once an id, and only at ids somebody waits for', async () => {
    const id = newId();
    const { waits, reads } = registry(new Map([[id, { status: 'faulted', error: '{}' }]]));
    const waiting = waits.wait(request(id), 60_000);
    waits.wait(request(id), 60_000);
    waits.look([newId(), id].map((each) => ({ tenantId: tenant, id: each })));
    expect(await waiting.result).toEqual({ status: 'faulted', error: '{}' });
    expect(reads).toEqual([id]);
    waits.close();
  });

  it('does not believe that something ended which has not', async () => {
    const id = newId();
    const stored = new Map<string, ExecutionResult>([[id, { status: 'running' }]]);
    const { waits } = registry(stored);
    const waiting = waits.wait(request(id), 60_000);
    waits.look([{ tenantId: tenant, id }]);
    await new Promise((resolve) => setImmediate(resolve));
    stored.set(id, { status: 'completed', output: '1' });
    // No message comes: the slow poll finds it.
    expect(await waiting.result).toEqual({ status: 'completed', output: '1' });
    waits.close();
  });

  it('answers nobody with an execution of the same id of another tenant', async () => {
    const id = newId();
    const other = newId();
    const { waits, reads } = registry(new Map([[`${other} ${id}`, { status: 'completed' }]]));
    const mine = waits.wait(request(id), 60_000);
    const theirs = waits.wait(request(id, other), 60_000);
    waits.ended({ tenantId: newId(), id }, { status: 'completed', output: '"nobody waits"' });
    waits.look([{ tenantId: other, id }]);
    expect(await theirs.result).toEqual({ status: 'completed' });
    expect(reads).toEqual([id]);
    waits.ended({ tenantId: tenant, id }, { status: 'faulted' });
    expect(await mine.result).toEqual({ status: 'faulted' });
    waits.close();
  });

  it('lets so many of one tenant wait; the next is answered at once, and other tenants’ wait', async () => {
    const { waits } = registry(new Map());
    const some = Array.from({ length: MOST_WAITING.ofTenant }, () =>
      waits.wait(request(newId()), 60_000),
    );
    expect(await waits.wait(request(newId()), 60_000).result).toBeUndefined();
    const id = newId();
    const other = newId();
    const theirs = waits.wait(request(id, other), 60_000);
    waits.ended({ tenantId: other, id }, { status: 'completed' });
    expect(await theirs.result).toEqual({ status: 'completed' });
    some[0]?.cancel();
    await some[0]?.result;
    const last = waits.wait(request(id), 60_000);
    waits.ended({ tenantId: tenant, id }, { status: 'faulted' });
    expect(await last.result).toEqual({ status: 'faulted' });
    waits.close();
  });

  it('ends with nothing at the time limit, when it is cancelled and when it is closed', async () => {
    const { waits } = registry(new Map());
    expect(await waits.wait(request(newId()), 1).result).toBeUndefined();
    const cancelled = waits.wait(request(newId()), 60_000);
    cancelled.cancel();
    expect(await cancelled.result).toBeUndefined();
    const open = waits.wait(request(newId()), 60_000);
    waits.close();
    expect(await open.result).toBeUndefined();
    expect(await waits.wait(request(newId()), 60_000).result).toBeUndefined();
  });
});
