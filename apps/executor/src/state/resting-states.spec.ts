import type { ExecutionState } from '@easyflow/engine';
import { pairKey } from '@easyflow/tenant-context';
import { RestingStates, type Resting } from './resting-states';
import type { StoredValues } from './stored-values';

const MB = 1_024 * 1_024;

function resting(tenantId: string, id: string, size = 1_024 * 1_024, revision = 1): Resting {
  const state = { id } as ExecutionState;
  const key = pairKey(tenantId, id);
  return { key, tenantId, revision, input: {}, state, values: { size } as StoredValues };
}

describe('states of executions that wait', () => {
  /** Takes them. */
  const kept = (states: RestingStates, tenantId: string, ids: number) =>
    Array.from({ length: ids }, (_, n) => n).filter(
      (n) => states.take(pairKey(tenantId, `e${n}`)) !== undefined,
    );

  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  it('are given once, and by tenant', () => {
    const states = new RestingStates();
    states.keep(resting('a', 'e'));
    expect(states.take(pairKey('b', 'e'))).toBeUndefined();
    expect(states.take(pairKey('a', 'e'))?.state.id).toBe('e');
    expect(states.take(pairKey('a', 'e'))).toBeUndefined();
  });

  it('are the last ones of an execution', () => {
    const states = new RestingStates();
    states.keep(resting('a', 'e', MB, 1));
    states.keep(resting('a', 'e', MB, 2));
    expect(states.take(pairKey('a', 'e'))?.revision).toBe(2);
    states.keep(resting('a', 'e', MB, 2));
    // Too small now to be worth it; what was kept is old.
    states.keep(resting('a', 'e', 100, 3));
    expect(states.take(pairKey('a', 'e'))).toBeUndefined();
  });

  it('of one tenant leave room for those of others', () => {
    const states = new RestingStates();
    states.keep(resting('quiet', 'e0'));
    for (let n = 0; n < 50; n += 1) states.keep(resting('noisy', `e${n}`));
    states.keep(resting('noisy', 'huge', 9 * MB));
    expect(states.take(pairKey('noisy', 'huge'))).toBeUndefined();
    expect(kept(states, 'noisy', 50)).toEqual([42, 43, 44, 45, 46, 47, 48, 49]);
    expect(kept(states, 'quiet', 1)).toEqual([0]);
  });

  it('have a bound together: the oldest go', () => {
    const states = new RestingStates();
    for (let n = 0; n < 40; n += 1) states.keep(resting(`t${n}`, 'e0'));
    const left = Array.from({ length: 40 }, (_, n) => kept(states, `t${n}`, 1).length);
    expect(left).toEqual([...Array<number>(8).fill(0), ...Array<number>(32).fill(1)]);
  });

  it('are gone after a minute, and when the executor closes', () => {
    const states = new RestingStates();
    states.keep(resting('a', 'e0'));
    jest.advanceTimersByTime(30_000);
    states.keep(resting('a', 'e1'));
    jest.advanceTimersByTime(30_000);
    expect(kept(states, 'a', 2)).toEqual([1]);
    states.keep(resting('a', 'e0'));
    states.clear();
    expect(kept(states, 'a', 2)).toEqual([]);
    expect(jest.getTimerCount()).toBe(0);
  });
});
