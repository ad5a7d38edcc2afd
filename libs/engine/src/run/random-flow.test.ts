import fc from 'fast-check';
import { stringify } from 'yaml';
import type { Json } from '@easyflow/expressions';
import { standardError } from './flow-error';
import { runVirtually, type VirtualOptions, type VirtualRun } from './run-virtually.test';

const call: Json = { call: 'http', with: { method: 'get', endpoint: 'http://x' } };
/** A call whose request is another whenever an evaluation sees anything but the state. */
const telling: Json = {
  call: 'http',
  with: {
    method: 'post',
    endpoint: '${ "http://x/\\(now)" }',
    headers: { at: '${ now | todate }', local: '${ now | strflocaltime("%c %Z") }' },
    query: { now: '${ now | localtime | mktime }' },
    body: {
      times: '${ [now, $task.startedAt, $workflow.startedAt] }',
      data: '${ [., $context, $task.input, $workflow.input, $runtime] }',
      outside: '${ [env, $ENV, input_filename, (try input catch .), $__loc__] }',
    },
  },
};
const leaf = fc.constantFrom<Json>(
  call,
  telling,
  { set: { n: '${ (.n? // 0) + 1 }' } },
  { set: { n: '${ now }' } },
  { set: { n: '${ [$context, $task.reference, $workflow.input] }' } },
  { set: { n: 1 }, export: { as: '${ [$context, .n] }' } },
  {
    input: { from: '{n: 7}' },
    set: { n: '${ .n + $input.n }' },
    output: { as: '${ [., $task.input] }' },
  },
  { if: '.n? == 1', set: { n: 2 } },
  { switch: [{ one: { when: '.n? == 1', then: 'exit' } }, { other: { then: 'continue' } }] },
  { call: 'twice', with: { n: '${ .n? // 0 }' } },
  { call: 'remote' },
  { wait: 'PT1S' },
  { wait: '${ "PT2S" }' },
  { raise: { error: { type: 'http://e', status: 500 } } },
  { set: { n: '${ error("x") }' } },
  { emit: { event: { with: { type: 't' } } } },
  { run: { workflow: { namespace: 'n', name: 'c', version: '1.0.0' } } },
  { run: { await: false, workflow: { namespace: 'n', name: 'c', version: '1.0.0' } } },
  { ...(call as object), timeout: { after: 'PT2S' } },
);
const use: Json = {
  functions: {
    twice: { do: [{ a: { set: { n: '${ .n }' } } }, { b: { wait: 'PT1S' } }] },
    remote: call,
  },
};

const { list } = fc.letrec<{ task: Json; list: Json }>((tie) => ({
  task: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    leaf,
    tie('list').map((tasks): Json => ({ do: tasks })),
    tie('list').map((tasks): Json => ({ do: tasks, timeout: { after: 'PT3S' } })),
    tie('list').map((tasks): Json => ({ for: { in: '[1, 2]' }, do: tasks })),
    tie('list').map((tasks): Json => ({
      for: { each: 'x', at: 'i', in: '[1, 2, 3]' },
      while: '$x < 3',
      do: [{ n: { set: { n: '${ $x * 10 + $i }' } } }, ...(tasks as Json[])],
    })),
    fc
      .record({
        tasks: tie('list'),
        handler: tie('list'),
        retries: fc.nat(2),
        filter: fc.constantFrom<Json>(
          {},
          { errors: { with: { status: 500 } } },
          { when: '$error.status == 500' },
          { as: 'e', exceptWhen: '$e.status == 408', then: 'continue' },
        ),
        backoff: fc.constantFrom<Json>({ constant: {} }, { linear: {} }, { exponential: {} }),
      })
      .map(({ tasks, handler, retries, filter, backoff }): Json => ({
        try: tasks,
        catch: {
          ...(filter as object),
          retry: {
            delay: 'PT1S',
            backoff,
            jitter: { from: 'PT0S', to: 'PT1S' },
            limit: { attempt: { count: retries, duration: 'PT30S' } },
          },
          do: handler,
        },
      })),
  ),
  list: fc
    .array(fc.tuple(tie('task'), fc.constantFrom('continue', 'continue', 'exit', 'end', 't2')), {
      minLength: 1,
      maxLength: 3,
    })
    .map((tasks): Json =>
      tasks.map(([task, then], index) => {
        // Only forward, so that every run ends.
        const directive = then === 't2' && (index > 1 || tasks.length < 3) ? 'continue' : then;
        return { [`t${index}`]: { ...(task as object), then: directive } };
      }),
    ),
}));

/** What happens: a flow, how its calls are answered, and what an advance may do. */
export interface Scenario {
  tasks: Json;
  answers: readonly string[];
  steps: readonly number[];
  /** How many signals an advance is given. */
  batches: readonly number[];
}

/** Random flows of the supported tasks. */
export const scenario: fc.Arbitrary<Scenario> = fc.record({
  tasks: list,
  answers: fc.array(fc.constantFrom('ok', 'fail', 'hang'), { minLength: 1, maxLength: 8 }),
  steps: fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 4 }),
  batches: fc.array(fc.integer({ min: 0, max: 2 }), { maxLength: 3 }).map((sizes) => [...sizes, 1]),
});

/** Runs a scenario to its end. */
export function run(
  { tasks, answers }: Pick<Scenario, 'tasks' | 'answers'>,
  options: VirtualOptions,
): VirtualRun {
  // Hanging calls end only by a timeout: the workflow has one, so that every run ends.
  const body = stringify({ timeout: { after: 'PT10M' }, use, do: tasks });
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
