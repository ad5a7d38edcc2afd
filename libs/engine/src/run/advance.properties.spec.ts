import fc from 'fast-check';
import { stringify } from 'yaml';
import type { Json } from '@easyflow/expressions';
import { standardError } from './flow-error';
import { runVirtually, type VirtualOptions, type VirtualRun } from './run-virtually.test';
import type { ExecutionState } from './state';

const call: Json = { call: 'http', with: { method: 'get', endpoint: 'http://x' } };
const leaf = fc.constantFrom<Json>(
  call,
  { set: { n: '${ (.n? // 0) + 1 }' } },
  { wait: 'PT1S' },
  { raise: { error: { type: 'http://e', status: 500 } } },
  { emit: { event: { with: { type: 't' } } } },
  { run: { workflow: { namespace: 'n', name: 'c', version: '1.0.0' } } },
  { ...(call as object), timeout: { after: 'PT2S' } },
);

const { list } = fc.letrec<{ task: Json; list: Json }>((tie) => ({
  task: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    leaf,
    tie('list').map((tasks): Json => ({ do: tasks })),
    tie('list').map((tasks): Json => ({ for: { in: '[1, 2]' }, do: tasks })),
    fc
      .record({ tasks: tie('list'), handler: tie('list'), retries: fc.nat(2) })
      .map(({ tasks, handler, retries }): Json => ({
        try: tasks,
        catch: {
          retry: { delay: 'PT1S', limit: { attempt: { count: retries, duration: 'PT30S' } } },
          do: handler,
        },
      })),
  ),
  list: fc
    .array(fc.tuple(tie('task'), fc.constantFrom('continue', 'continue', 'exit', 'end')), {
      minLength: 1,
      maxLength: 3,
    })
    .map((tasks): Json =>
      tasks.map(([task, then], index) => ({ [`t${index}`]: { ...(task as object), then } })),
    ),
}));

const scenario = fc.record({
  tasks: list,
  answers: fc.array(fc.constantFrom('ok', 'fail', 'hang'), { minLength: 1, maxLength: 8 }),
  steps: fc.integer({ min: 1, max: 30 }),
});

function run(
  { tasks, answers }: { tasks: Json; answers: readonly string[] },
  options: VirtualOptions,
): VirtualRun {
  // Hanging calls end only by a timeout: the workflow has one, so that every run ends.
  const body = stringify({ timeout: { after: 'PT10M' }, do: tasks });
  return runVirtually(body, {
    ...options,
    call: (_, count) => {
      const answer = answers[count % answers.length];
      if (answer === 'hang') return 'hang';
      return answer === 'ok'
        ? { output: { n: count } }
        : { error: standardError('communication', 'down') };
    },
  });
}

// Hundreds of random flows each: far more than a test's usual time on a busy machine.
jest.setTimeout(120_000);

describe('any flow', () => {
  it('runs the same when its state goes through JSON between every two advances', () => {
    fc.assert(
      fc.property(scenario, ({ steps, ...flow }) => {
        const stored = (state: ExecutionState): ExecutionState =>
          JSON.parse(JSON.stringify(state)) as ExecutionState;
        const plain = run(flow, { steps });
        const through = run(flow, { steps, between: stored });
        expect({ ...through, last: through.last.output }).toEqual({
          ...plain,
          last: plain.last.output,
        });
      }),
      { numRuns: 100 },
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
