import fc from 'fast-check';
import { TenantShares, type TenantSharesOptions } from './tenant-shares';

/** Shares whose work ends when the test says so. */
function rig(options: TenantSharesOptions) {
  const shares = new TenantShares(options);
  const running: { tenant: string | undefined; end: () => void }[] = [];
  const refused: string[] = [];
  const take = (tenant: string | undefined): void => {
    const work = () =>
      new Promise<void>((end) => {
        running.push({ tenant, end });
      });
    shares.run(tenant, work).catch((error: { code: string }) => refused.push(error.code));
  };
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  const held = (tenant: string | undefined) =>
    running.filter((each) => each.tenant === tenant).length;
  const end = async (tenant: string | undefined): Promise<void> => {
    const index = running.findIndex((each) => each.tenant === tenant);
    running.splice(index, 1)[0]?.end();
    await settle();
  };
  return { take, settle, held, end, refused, running };
}

const times = (n: number, act: () => void): void => {
  for (let i = 0; i < n; i += 1) act();
};

describe('TenantShares', () => {
  it('gives one tenant half of the connections and the next a free one at once', async () => {
    const { take, settle, held } = rig({ size: 8 });
    times(20, () => take('noisy'));
    await settle();
    expect(held('noisy')).toBe(4);
    take('quiet');
    await settle();
    expect(held('quiet')).toBe(1);
  });

  it('gives the only connection to whoever comes', async () => {
    const { take, settle, held, end } = rig({ size: 1 });
    times(3, () => take('noisy'));
    take('quiet');
    await settle();
    expect([held('noisy'), held('quiet')]).toEqual([1, 0]);
    await end('noisy');
    expect(held('noisy') + held('quiet')).toBe(1);
    await end(held('quiet') === 1 ? 'quiet' : 'noisy');
    expect(held('noisy') + held('quiet')).toBe(1);
  });

  it('serves waiting tenants in turn, however long their queues are', async () => {
    const { take, settle, running, end } = rig({ size: 1 });
    take('first');
    times(50, () => take('noisy'));
    times(2, () => take('quiet'));
    await settle();
    const order: (string | undefined)[] = [];
    await end('first');
    for (let n = 0; n < 4; n += 1) {
      const tenant = running[0]?.tenant;
      order.push(tenant);
      await end(tenant);
    }
    expect(order).toEqual(['noisy', 'quiet', 'noisy', 'quiet']);
  });

  it('refuses the tenant whose queue is full, and nobody else', async () => {
    const { take, settle, held, refused } = rig({ size: 4, waitingOfTenant: 3 });
    times(7, () => take('noisy'));
    await settle();
    expect(held('noisy')).toBe(2);
    expect(refused).toEqual(['tenant.busy', 'tenant.busy']);
    take('quiet');
    await settle();
    expect(held('quiet')).toBe(1);
    expect(refused).toHaveLength(2);
  });

  it('lets nobody wait beyond its patience, and goes on without who gave up', async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate'] });
    try {
      const { take, settle, held, refused, end } = rig({ size: 2, patienceMs: 100 });
      times(2, () => take('noisy'));
      jest.advanceTimersByTime(100);
      await settle();
      expect(refused).toEqual(['tenant.busy']);
      await end('noisy');
      expect(held('noisy')).toBe(0);
      take('noisy');
      await settle();
      expect(held('noisy')).toBe(1);
    } finally {
      jest.useRealTimers();
    }
  });

  it('counts what serves many tenants, without a threshold', async () => {
    const { take, settle, held } = rig({ size: 4 });
    times(5, () => take(undefined));
    await settle();
    expect(held(undefined)).toBe(4);
  });

  it('never exceeds the pool, keeps no tenant above its share, and serves everybody in the end', async () => {
    const steps = fc.array(
      fc.record({ tenant: fc.constantFrom('a', 'b', 'c', 'd'), ends: fc.boolean() }),
      { maxLength: 60 },
    );
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 6 }), steps, async (size, actions) => {
        const { take, settle, held, running, end, refused } = rig({ size });
        let asked = 0;
        let ended = 0;
        for (const { tenant, ends } of actions) {
          if (ends && held(tenant) > 0) {
            await end(tenant);
            ended += 1;
          } else {
            take(tenant);
            asked += 1;
          }
          await settle();
          expect(running.length).toBeLessThanOrEqual(size);
          expect(held(tenant)).toBeLessThanOrEqual(Math.ceil(size / 2));
        }
        while (running[0]) {
          await end(running[0].tenant);
          ended += 1;
        }
        expect(ended).toBe(asked);
        expect(refused).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });
});
