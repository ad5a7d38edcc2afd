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
