/** Items of a loop: one call each. */
export const STEPS = 150;

const call = (more = {}) => ({
  call: 'http',
  with: { method: 'get', endpoint: '${ $workflow.input.target + "/" + ($x.n | tostring) }' },
  ...more,
});

const loop = (tasks) => [{ each: { for: { each: 'x', in: '${ .list }' }, do: tasks } }];

/** Loops whose steps change a little beside a large input. */
export const LOOPS = [
  { name: 'list', title: 'calls over the list of the input', tasks: loop([{ call: call() }]) },
  {
    name: 'item',
    title: 'each with its item as the input',
    tasks: loop([{ call: call({ input: { from: '${ $x }' } }) }]),
  },
  {
    name: 'carry',
    title: 'what goes round carries the input',
    tasks: loop([{ call: call({ output: { as: '${ $input + {last: .} }' } }) }]),
  },
  {
    name: 'context',
    title: 'the context gathers what came',
    tasks: loop([{ call: call({ export: { as: '${ $context + {last: .} }' } }) }]),
  },
  { name: 'wait', title: 'waits of 1 ms', tasks: loop([{ wait: { wait: { milliseconds: 1 } } }]) },
];

/** A flow document of a loop. */
export function document({ name, tasks }) {
  return {
    document: { dsl: '1.0.3', namespace: 'bench', name: `steps-${name}`, version: '1.0.0' },
    do: [...tasks, { done: { set: { done: true } } }],
  };
}

/** An input of about so many characters, in the items of its list; no two alike, so nothing compresses it away. */
export function input(size, target) {
  const each = Math.max(0, Math.floor((size - STEPS * 20) / STEPS));
  const list = Array.from({ length: STEPS }, (_, n) => ({
    n,
    ...(each > 0 && { text: noise(each) }),
  }));
  return { target, list };
}

function noise(length) {
  let text = '';
  while (text.length < length) text += Math.random().toString(36).slice(2);
  return text.slice(0, length);
}
