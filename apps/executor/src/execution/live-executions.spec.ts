import type { Lease } from '@easyflow/tenant-context';
import { LiveExecution } from './live-execution';
import { LiveExecutions } from './live-executions';

const lease: Lease = {
  tenantId: 't',
  kind: 'execution',
  id: 'i',
  claimNo: 1,
  wakeSeq: 0,
  attempts: 1,
  deferred: false,
  leaseUntil: 0,
  deadline: 0,
};

function execution(id: string): LiveExecution {
  const flow = { namespace: 'n', name: 'f', version: '1' };
  return new LiveExecution(
    { tenantId: 't', id, flow, mode: 'balanced', input: null, createdAt: 0 },
    undefined,
    { ...lease, id },
  );
}

describe('LiveExecutions', () => {
  it('count what is there and what is promised', () => {
    const live = new LiveExecutions(3);
    expect(live.reserve(2)).toBe(true);
    expect(live.reserve(2)).toBe(false);
    expect(live.free).toBe(1);
    live.add(execution('a'));
    expect([live.size, live.free]).toEqual([1, 1]);
    live.release(1);
    expect(live.free).toBe(2);
    expect(live.empty).toBe(false);
  });

  it('tell when room is free', () => {
    const live = new LiveExecutions(1);
    const one = execution('a');
    live.reserve(1);
    live.add(one);
    let freed = 0;
    live.onFreed(() => (freed += 1));
    live.remove(one);
    expect([freed, live.free, live.empty]).toEqual([1, 1, true]);
  });

  it('let the older lease of an execution go when it is claimed again', () => {
    const live = new LiveExecutions(5);
    const [old, fresh] = [execution('a'), execution('a')];
    const controller = new AbortController();
    old.effects.set('key', controller);
    live.add(old);
    live.add(fresh);
    expect(old.phase).toBe('gone');
    expect(controller.signal.aborted).toBe(true);
    live.remove(old);
    expect(live.get('t', 'a')).toBe(fresh);
  });

  it('have a slot free for each that rests, but no more room than there is', () => {
    const live = new LiveExecutions(2, 3);
    const [one, two, three] = [execution('a'), execution('b'), execution('c')];
    let freed = 0;
    live.onFreed(() => (freed += 1));
    for (const each of [one, two]) live.add(each);
    expect(live.free).toBe(0);
    live.rest(one);
    live.rest(one);
    expect([live.free, freed]).toEqual([1, 1]);
    live.add(three);
    live.rest(two);
    expect(live.free).toBe(0);
    live.wake(one);
    live.remove(two);
    expect(live.free).toBe(0);
    live.remove(one);
    expect([live.free, live.size]).toEqual([1, 1]);
  });

  it('admit a tenant as long as it has less than what is free', () => {
    const live = new LiveExecutions(100, 10);
    let own = 0;
    while (live.admits('t', { own, all: own })) own += 1;
    expect(own).toBe(5);
    for (let n = 0; n < 5; n += 1) live.add(execution(`${n}`));
    expect(live.admits('t', { own: 0, all: 0 })).toBe(false);
    expect(live.admits('other', { own: 2, all: 2 })).toBe(true);
    expect(live.admits('other', { own: 3, all: 3 })).toBe(false);
  });
});

describe('LiveExecution', () => {
  it('takes a stored signal once, and its row is consumed only when the engine has seen it', () => {
    const one = execution('a');
    const stored = [{ id: 's1', signal: { kind: 'cancel' as const } }];
    expect(one.receive(stored)).toBe(true);
    expect(one.receive(stored)).toBe(false);
    expect(one.consumed).toEqual([]);
    expect(one.takeSignals()).toEqual([{ kind: 'cancel' }]);
    expect([one.consumed, one.dirty, one.hasSignals]).toEqual([['s1'], true, false]);
  });
});
