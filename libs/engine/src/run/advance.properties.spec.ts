import fc from 'fast-check';
import type { Json } from '@easyflow/expressions';
import { orderedByBudget } from './counterexamples.test';
import { run, scenario } from './random-flow.test';
import type { VirtualRun } from './run-virtually.test';
import type { ExecutionState } from './state';

// Hundreds of random flows each: far more than a test's usual time on a busy machine.
jest.setTimeout(120_000);

/** Everything that can be seen of an execution. */
function seen({ history, effects, events, elapsed, last }: VirtualRun): unknown {
  const { status, output, error, state } = last;
  return { history, effects, events, elapsed, status, output, error, state };
}

function stored(state: ExecutionState): ExecutionState {
  return JSON.parse(JSON.stringify(state)) as ExecutionState;
}

describe('any flow', () => {
  it('runs the same when a process takes over between every two advances', () => {
    fc.assert(
      fc.property(scenario, ({ steps, ...flow }) => {
        const through = run(flow, { steps, between: stored, takenOver: true });
        expect(seen(through)).toEqual(seen(run(flow, { steps })));
      }),
      { numRuns: 100 },
    );
  });

  it('sees no clock but the one it is given', () => {
    const flows = fc.sample(scenario, 60);
    const clocks = [
      jest.spyOn(Date, 'now').mockImplementation(() => {
        throw new Error('The clock was read');
      }),
      jest.spyOn(performance, 'now').mockImplementation(() => {
        throw new Error('The clock was read');
      }),
    ];
    try {
      const told = flows.map((flow) => seen(run(flow, { takenOver: true })));
      expect(told).toHaveLength(60);
    } finally {
      for (const clock of clocks) clock.mockRestore();
    }
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

  it('does the same whatever the budgets, the batches of signals and the restarts', () => {
    fc.assert(
      fc.property(scenario, fc.boolean(), ({ steps, batches, ...flow }, restarts) => {
        const between = restarts ? { between: stored } : {};
        expect(seen(run(flow, { steps, batches, ...between }))).toEqual(seen(run(flow, {})));
      }),
      { numRuns: 150, examples: orderedByBudget.map((flow) => [flow, true]) },
    );
  });
});

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    Object.values(value as Record<string, Json>).forEach(deepFreeze);
  }
  return value;
}
