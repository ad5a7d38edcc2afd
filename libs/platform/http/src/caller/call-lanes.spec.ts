import { CallLanes, type LaneLimits } from './call-lanes';

const ORIGIN = 'https://a.example';
const never = new AbortController().signal;

/** Lanes in which every call that begins is noted and may be ended by its name. */
class Calls {
  readonly begun: string[] = [];
  private readonly leave = new Map<string, () => void>();
  private readonly lanes: CallLanes;

  constructor(limits: Partial<LaneLimits>) {
    this.lanes = new CallLanes({ total: 1_000, perTenant: 1_000, perOrigin: 1_000, ...limits });
  }

  async enter(name: string, origin = ORIGIN, signal = never): Promise<void> {
    const tenantId = name.charAt(0);
    const entered = this.lanes.enter(tenantId, origin, signal).then((leave) => {
      this.begun.push(name);
      this.leave.set(name, leave);
    });
    void entered.catch(() => undefined);
    await settled();
  }

  async end(name: string): Promise<void> {
    this.leave.get(name)?.();
    this.leave.delete(name);
    await settled();
  }

  get underWay(): string[] {
    return [...this.leave.keys()];
  }
}

const settled = (): Promise<void> => new Promise(setImmediate);

describe('CallLanes', () => {
  it("keeps a tenant's excess in its own queue, and nobody else behind it", async () => {
    const calls = new Calls({ perTenant: 2 });
    for (const name of ['a1', 'a2', 'a3', 'a4', 'b1']) await calls.enter(name);
    expect(calls.begun).toEqual(['a1', 'a2', 'b1']);
    await calls.end('a1');
    expect(calls.begun).toEqual(['a1', 'a2', 'b1', 'a3']);
  });

  it("holds a tenant's calls to one origin back, not those to another", async () => {
    const calls = new Calls({ perOrigin: 1 });
    await calls.enter('a1', 'https://slow.example');
    await calls.enter('a2', 'https://slow.example');
    await calls.enter('a3', 'https://other.example');
    await calls.enter('b1', 'https://slow.example');
    expect(calls.begun).toEqual(['a1', 'a3', 'b1']);
    await calls.end('a1');
    expect(calls.begun).toEqual(['a1', 'a3', 'b1', 'a2']);
  });

  it('leaves as much free as the busiest tenant has', async () => {
    const calls = new Calls({ total: 9 });
    for (let number = 1; number <= 9; number += 1) await calls.enter(`a${number}`);
    expect(calls.underWay).toHaveLength(5);
    for (let number = 1; number <= 9; number += 1) await calls.enter(`b${number}`);
    expect(calls.underWay.filter((name) => name.startsWith('b'))).toHaveLength(2);
    await calls.enter('c1');
    expect(calls.underWay).toContain('c1');
  });

  it('serves those that wait in turn, each in its own order', async () => {
    const calls = new Calls({ total: 2, perTenant: 1 });
    for (const name of ['x', 'a1', 'a2', 'a3', 'b1', 'b2', 'c1']) await calls.enter(name);
    for (const name of ['x', 'a1', 'b1', 'c1', 'a2', 'b2', 'a3']) await calls.end(name);
    const order = calls.begun.map((name) => name);
    expect([...order].sort()).toEqual(['a1', 'a2', 'a3', 'b1', 'b2', 'c1', 'x']);
    for (const tenant of ['a', 'b', 'c']) {
      const own = order.filter((name) => name.startsWith(tenant));
      expect(own).toEqual([...own].sort());
    }
    expect(order.indexOf('c1')).toBeLessThan(order.indexOf('a3'));
  });

  it('forgets a call that is aborted while it waits', async () => {
    const calls = new Calls({ perTenant: 1 });
    const abort = new AbortController();
    await calls.enter('a1');
    await calls.enter('a2', ORIGIN, abort.signal);
    await calls.enter('a3');
    abort.abort();
    await calls.end('a1');
    expect(calls.begun).toEqual(['a1', 'a3']);
  });

  it('refuses one that was aborted before', async () => {
    const lanes = new CallLanes({ total: 1, perTenant: 1, perOrigin: 1 });
    await expect(lanes.enter('a', ORIGIN, AbortSignal.abort())).rejects.toThrow();
    await expect(lanes.enter('a', ORIGIN, never)).resolves.toBeInstanceOf(Function);
  });

  it('keeps every limit and starts everything in the end, whatever the order', async () => {
    let seed = 7;
    const random = (below: number): number => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed % below;
    };
    const calls = new Calls({ total: 12, perTenant: 5, perOrigin: 3 });
    const entered: string[] = [];
    for (let round = 0; round < 400; round += 1) {
      const name = `${'abcdef'.charAt(random(6))}${round}`;
      await calls.enter(name, `https://${random(3)}.example`);
      entered.push(name);
      if (random(3) > 0) {
        const { underWay } = calls;
        await calls.end(underWay[random(underWay.length)] ?? '');
      }
      const perTenant = new Map<string, number>();
      for (const one of calls.underWay) {
        perTenant.set(one.charAt(0), (perTenant.get(one.charAt(0)) ?? 0) + 1);
      }
      expect(calls.underWay.length).toBeLessThanOrEqual(12);
      expect(Math.max(0, ...perTenant.values())).toBeLessThanOrEqual(5);
    }
    for (let one = calls.underWay[0]; one !== undefined; one = calls.underWay[0]) {
      await calls.end(one);
    }
    expect([...calls.begun].sort()).toEqual(entered.sort());
  });
});
