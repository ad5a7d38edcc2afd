import type { Json } from '@easyflow/expressions';
import type { Scenario } from './random-flow.test';

const call: Json = { call: 'http', with: { method: 'get', endpoint: 'http://x' } };
const twice: Json = { call: 'twice', with: { n: '${ .n? // 0 }' } };

function tried(tasks: Json): Json {
  const retry = {
    delay: 'PT1S',
    backoff: { constant: {} },
    jitter: { from: 'PT0S', to: 'PT1S' },
    limit: { attempt: { count: 0, duration: 'PT30S' } },
  };
  return { try: tasks, catch: { retry, do: [{ t0: call }] } };
}

/** Flows whose outcome once depended on the budgets of their advances. */
export const orderedByBudget: readonly Scenario[] = [
  // Seed 433454757: the limit of three seconds was due in the instant of the tasks that a yield had put off.
  {
    tasks: [
      {
        t0: {
          do: [
            { t0: tried([{ t0: tried([{ t0: { wait: 'PT2S' } }, { t1: call }]) }, { t1: twice }]) },
            { t1: call },
          ],
          timeout: { after: 'PT3S' },
        },
      },
    ],
    answers: ['ok'],
    steps: [1],
    batches: [1],
  },
  // A wait that ends in the instant of the limit around it.
  {
    tasks: [
      {
        t0: {
          do: [{ t0: { wait: 'PT3S' } }, { t1: { set: { n: 1 } } }, { t2: { set: { n: 2 } } }],
          timeout: { after: 'PT3S' },
        },
      },
    ],
    answers: ['ok'],
    steps: [2, 1],
    batches: [1],
  },
  // A call that begins in the instant of the limit around it.
  {
    tasks: [
      {
        t0: {
          do: [{ t0: { wait: 'PT3S' } }, { t1: call }],
          timeout: { after: 'PT3S' },
        },
      },
    ],
    answers: ['ok'],
    steps: [1],
    batches: [1],
  },
];
