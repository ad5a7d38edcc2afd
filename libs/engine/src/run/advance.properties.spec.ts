import fc from 'fast-check';
import type { Json } from '@easyflow/expressions';
import { run, scenario } from './random-flow.test';
import type { VirtualRun } from './run-virtually.test';
import type { ExecutionState } from './state';

// Hundreds of random flows each: far more than a test's usual time on a busy machine.
jest.setTimeout(120_000);

describe('any flow', () => {
  it('runs the same when a process takes over between every two advances', () => {
    fc.assert(
      fc.property(scenario, ({ steps, ...flow }) => {
        const stored = (state: ExecutionState): ExecutionState =>
          JSON.parse(JSON.stringify(state)) as ExecutionState;
        const plain = run(flow, { steps });
        const through = run(flow, { steps, between: stored, takenOver: true });
        expect({ ...through, last: through.last.output }).toEqual({
          ...plain,
          last: plain.last.output,
        });
      }),
      { numRuns: 100, seed: 20261122 },
    );
  });

  it('never gives two effects one key, nor two history items one sequence', () => {
    fc.assert(
      fc.property(scenario, ({ steps, ...flow }) => {
        const { effects, history, events } = run(flow, { steps });
        expect(new Set(effects.map(({ key }) => key)).size).toBe(effects.length);
        expect(history.map(({ sequence }) => sequence)).toEqual(
          history.map((_, index) => index + 1),
        );
        expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);
      }),
      { numRuns: 100 },
    );
  });

  it('never changes the state it is given', () => {
    fc.assert(
      fc.property(scenario, ({ steps, ...flow }) => {
        expect(() => run(flow, { steps, between: deepFreeze })).not.toThrow();
      }),
      { numRuns: 60 },
    );
  });

  it('does the same whatever the budget of an advance', () => {
    fc.assert(
      fc.property(scenario, ({ steps, ...flow }) => {
        const told = ({ history, effects }: VirtualRun): Json => [
          history
            .filter(({ type }) => type !== 'executionWaiting')
            .map(({ type, task, at }) => ({ type, task: task ?? null, at })),
          effects.map(({ key }) => key),
        ];
        expect(told(run(flow, { steps }))).toEqual(told(run(flow, {})));
      }),
      { numRuns: 60 },
    );
  });
});

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    Object.values(value).forEach(deepFreeze);
  }
  return value;
}
