import {
  advance,
  compileFlow,
  createState,
  standardError,
  type Advance,
  type ExecutionState,
  type Json,
  type Program,
  type Signal,
} from '@easyflow/engine';
import fc from 'fast-check';
import { StoredValues } from './stored-values';
import { ValueTable } from './value-table.test';

const text = (of: string, length: number) => of.repeat(Math.ceil(length / of.length));
const call: Json = { call: 'http', with: { method: 'get', endpoint: 'http://x' } };

const leaf = fc.constantFrom<Json>(
  call,
  { ...(call as object), export: { as: '${ $context + {(.name): .} }' } },
  { ...(call as object), output: { as: '${ {last: ., kept: $input} }' } },
  { ...(call as object), input: { from: '${ {from: .} }' }, timeout: { after: 'PT1H' } },
  { set: { all: '${ [$context, $workflow.input.list] }' } },
  { set: { list: '${ $workflow.input.list }', n: 1 } },
  { set: '${ $workflow.input.list[0] }' },
  { wait: 'PT1S' },
  { raise: { error: { type: 'http://e', status: 500, detail: text('why ', 2_000) } } },
);

const { list } = fc.letrec<{ task: Json; list: Json }>((tie) => ({
  task: fc.oneof(
    { maxDepth: 2, withCrossShrink: true },
    leaf,
    tie('list').map((tasks): Json => ({ do: tasks })),
    tie('list').map((tasks): Json => ({
      for: { each: 'x', in: '${ $workflow.input.list }' },
      do: tasks,
    })),
    tie('list').map((tasks): Json => ({ for: { each: 'x', in: '${ [1, $context] }' }, do: tasks })),
    fc.tuple(tie('list'), tie('list')).map(([tasks, handler]): Json => ({
      try: tasks,
      catch: { retry: { delay: 'PT1S', limit: { attempt: { count: 1 } } }, do: handler },
    })),
  ),
  list: fc
    .array(tie('task'), { minLength: 1, maxLength: 3 })
    .map((tasks): Json => tasks.map((task, index) => ({ [`t${index}`]: task }))),
}));

/** What a process does after a step: goes on, or dies before or after its checkpoint is written. */
const fate = fc.constantFrom<'lives' | 'dies' | 'dies unwritten'>(
  'lives',
  'lives',
  'dies',
  'dies unwritten',
);

interface Step {
  readonly state: ExecutionState;
  readonly signals: Signal[];
  readonly now: number;
}

const input = { list: [text('one ', 3_000), { two: text('two ', 2_000) }], who: 'me' };

/** Answers of calls: large, and each of its own; every fourth fails. */
function answers(step: Advance, count: number): Signal[] {
  return step.effects.map(({ key }, index): Signal => {
    const n = count + index;
    return n % 4 === 3
      ? { kind: 'effectFailed', key, error: standardError('communication', text('down ', 1_500)) }
      : { kind: 'effectSucceeded', key, output: { name: `r${n}`, text: text(`${n} `, 2_500) } };
  });
}

/** Runs to the end; `between` stores the state of each step and gives that with which it goes on. */
function run(program: Program, between: (state: ExecutionState) => ExecutionState): Advance {
  let at: Step = {
    state: createState(program, { executionId: 'e', input, now: 0 }),
    signals: [],
    now: 0,
  };
  let calls = 0;
  for (let turn = 0; turn < 500; turn += 1) {
    const step = advance(program, at.state, { ...at, budget: { steps: 3 } });
    if (['completed', 'faulted', 'cancelled'].includes(step.status)) return step;
    const signals = answers(step, calls);
    calls += step.effects.length;
    const idle = signals.length === 0 && !step.yielded;
    const now = idle ? Math.max(at.now, step.wakeAt ?? at.now) : at.now;
    at = { state: between(step.state), signals, now };
  }
  throw new Error('The execution does not end');
}

describe('states of the engine', () => {
  it('go on from what is stored as if nothing had been, wherever processes die', () => {
    let mostRows = 0;
    fc.assert(
      fc.property(list, fc.array(fate, { minLength: 1, maxLength: 20 }), (tasks, fates) => {
        const program = compileFlow({
          document: { dsl: '1.0.3', namespace: 'test', name: 'test', version: '1.0.0' },
          do: tasks,
        });
        const expected = run(program, (state) => state);

        const table = new ValueTable(input);
        let values = new StoredValues(input);
        let turn = 0;
        const last = run(program, (state) => {
          const fateOf = fates[turn % fates.length];
          turn += 1;
          // Nothing of it is known to the next process, which makes the same step again.
          if (fateOf === 'dies unwritten') {
            values.write(state);
            values = table.state === null ? new StoredValues(input) : table.load().values;
          }
          table.apply(values.write(state));
          mostRows = Math.max(mostRows, table.rows.size);
          const loaded = table.load();
          expect(loaded.state).toEqual(JSON.parse(JSON.stringify(state)));
          if (fateOf === 'lives') return state;
          values = loaded.values;
          return loaded.state;
        });
        expect(last.status).toBe(expected.status);
        expect(last.output).toEqual(expected.output);
        expect(last.error).toEqual(expected.error);
        table.apply(values.end());
        expect(table.rows.size).toBe(0);
      }),
      { numRuns: 100 },
    );
    expect(mostRows).toBeGreaterThan(2);
  });
});
