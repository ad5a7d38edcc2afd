import { isId } from '@easyflow/kernel-ids';
import { compileFlow } from '../compile/compile-flow';
import { parseDocument } from '../document/parse-document';
import { advance, effectsInFlight, type Advance } from './advance';
import { standardError } from './flow-error';
import { flow, runVirtually, type VirtualRun } from './run-virtually.test';
import { childrenInFlight, createState } from './state';

const ERRORS = 'https://open-workflow-specification.org/spec/1.0.0/errors/';
const tasksOf = (run: VirtualRun, type: string): (string | undefined)[] =>
  run.history.filter((item) => item.type === type).map((item) => item.task);

describe('data flow', () => {
  it('passes the transformed output of a task on as the raw input of the next', () => {
    const run = runVirtually(
      `
input: { from: .order }
do:
  - first:
      input: { from: '{ n: .n }' }
      set: { doubled: '\${ .n * 2 }', raw: '\${ $task.input }' }
      output: { as: '{ doubled, raw, before: $input }' }
      export: { as: '$context + { exported: .doubled, out: $output.doubled }' }
  - second:
      set: { context: '\${ $context }', previous: '\${ . }' }
output: { as: '. + { end: $context.exported }' }
`,
      { input: { order: { n: 2, m: 1 } } },
    );
    const previous = { doubled: 4, raw: { n: 2, m: 1 }, before: { n: 2 } };
    expect(run.last).toMatchObject({
      status: 'completed',
      output: { context: { n: 2, m: 1, exported: 4, out: 4 }, previous, end: 4 },
    });
  });

  it('describes task, workflow and runtime to expressions', () => {
    const run = runVirtually(
      `
do:
  - look:
      set:
        task: '\${ $task | { name, reference, at: .startedAt.iso8601, kind: (.definition | has("set")) } }'
        workflow: '\${ $workflow | { id, input, name: .definition.document.name, at: .startedAt.epoch.seconds } }'
        runtime: '\${ $runtime.name }'
`,
      { input: 7 },
    );
    expect(run.last.output).toEqual({
      task: { name: 'look', reference: '/do/0/look', at: '2026-01-01T00:00:00.000Z', kind: true },
      workflow: { id: 'e1', input: 7, name: 'test', at: Date.UTC(2026, 0, 1) / 1_000 },
      runtime: 'EasyFlow',
    });
  });

  it.each([
    [
      'input',
      '/do/0/a',
      `do: [{ a: { input: { schema: { document: { type: string } } }, set: { x: 1 } } }]`,
    ],
    [
      'output',
      '/do/0/a',
      `do: [{ a: { set: { x: 1 }, output: { as: .x, schema: { document: { type: string } } } } }]`,
    ],
    [
      'exported context',
      '/do/0/a',
      `do: [{ a: { set: { x: 1 }, export: { as: .x, schema: { document: { type: string } } } } }]`,
    ],
    [
      'exported context',
      '/do/0/a',
      `do: [{ a: { set: { x: 1 }, export: { schema: { document: { required: [x] } } } } }]`,
    ],
    [
      'input of the workflow',
      '/input',
      `{ input: { schema: { document: { type: string } } }, do: [] }`,
    ],
    [
      'output of the workflow',
      '/output',
      `{ output: { schema: { document: { type: string } } }, do: [] }`,
    ],
  ])('validates the %s', (what, instance, body) => {
    const { status, error } = runVirtually(
      body.replace(/^\{ (.*) \}$/s, (_, inner: string) => inner.replace(', do:', '\ndo:')),
    ).last;
    expect(status).toBe('faulted');
    expect(error).toMatchObject({ type: `${ERRORS}validation`, status: 400, instance });
    expect(error?.detail).toContain(what);
  });

  it('gives the expressions of one value the steps of one', () => {
    const slow = '${ reduce range(300000) as $i (0; . + $i) }';
    const values = Array.from({ length: 2_000 }, (_, index) => `k${index}: "${slow}"`);
    const { error } = runVirtually(`do: [{ a: { set: { ${values.join(', ')} } } }]`).last;
    expect(error).toMatchObject({ type: `${ERRORS}expression`, instance: '/do/0/a' });
    expect(error?.detail).toContain('The expressions of one value took more than 50000000 steps');
    const condition = 'reduce range(300000) as $i (0; . + $i) < 0';
    const cases = Array.from(
      { length: 2_000 },
      (_, index) => `{ c${index}: { when: "${condition}", then: end } }`,
    );
    expect(runVirtually(`do: [{ a: { switch: [${cases.join(', ')}] } }]`).last).toMatchObject({
      status: 'faulted',
      error: { type: `${ERRORS}expression`, instance: '/do/0/a' },
    });
  });

  it('turns what an expression raises into an expression error of the task', () => {
    const { error } = runVirtually(`do: [{ a: { set: { x: { y: '\${ 1 + "a" }' } } } }]`).last;
    expect(error).toMatchObject({ type: `${ERRORS}expression`, status: 400, instance: '/do/0/a' });
    expect(error?.detail).toContain('/do/0/a/set/x/y');
  });

  it('gives secrets that the flow lists and has, and refuses the others', () => {
    const body = `
use: { secrets: [known, gone] }
do: [{ a: { set: { x: '\${ $secrets.known.token }' } } }, { b: { set: { y: '\${ $secrets.gone }' } } }]`;
    const { history, last } = runVirtually(body, { secrets: { known: { token: 't' }, other: 1 } });
    expect(tasksOf({ history } as VirtualRun, 'taskCompleted')).toEqual(['/do/0/a']);
    expect(last.error).toMatchObject({
      type: `${ERRORS}authorization`,
      status: 403,
      instance: '/do/1/b',
    });
  });
});

describe('the order of tasks', () => {
  it('skips a task whose condition does not hold, and its "then" with it', () => {
    const run = runVirtually(`
do:
  - skipped: { if: .x, set: { y: 1 }, then: end }
  - next: { set: { z: '\${ . }' } }`);
    expect(run.last.output).toEqual({ z: {} });
    expect(tasksOf(run, 'taskStarted')).toEqual(['/do/1/next']);
  });

  it('jumps, exits the scope and ends the workflow', () => {
    const run = runVirtually(`
do:
  - outer:
      do:
        - a: { set: { n: 1 }, then: c }
        - b: { set: { n: 99 } }
        - c: { set: { n: '\${ .n + 1 }' }, then: exit }
        - d: { set: { n: 99 } }
  - after: { set: { n: '\${ .n * 10 }' }, then: end }
  - never: { set: { n: 99 } }`);
    expect(run.last.output).toEqual({ n: 20 });
  });

  it('lets a switch take its first case that holds, else the one without a condition', () => {
    const body = `
do:
  - choose:
      switch:
        - otherwise: { then: other }
        - small: { when: .n < 10, then: small }
        - tiny: { when: .n < 5, then: end }
      then: end
  - small: { set: { is: small }, then: end }
  - other: { set: { is: other } }`;
    expect(runVirtually(body, { input: { n: 1 } }).last.output).toEqual({ is: 'small' });
    expect(runVirtually(body, { input: { n: 20 } }).last.output).toEqual({ is: 'other' });
  });

  it('makes three calls with three keys when a switch jumps back', () => {
    const run = runVirtually(
      `
do:
  - count: { set: { n: '\${ .n + 1 }' } }
  - call: { call: http, with: { method: get, endpoint: 'http://x/{n}' }, output: { as: $input } }
  - again: { switch: [{ more: { when: .n < 3, then: count } }] }`,
      { input: { n: 0 } },
    );
    expect(run.last.output).toEqual({ n: 3 });
    expect(run.effects).toHaveLength(3);
    expect(new Set(run.effects.map(({ key }) => key)).size).toBe(3);
  });
});

describe('for', () => {
  it('hands the output of an iteration to the next and ends when "while" fails', () => {
    const run = runVirtually(
      `
do:
  - loop:
      for: { each: color, at: i, in: .colors }
      while: $i < 2
      do:
        - add: { set: { seen: '\${ (.seen // []) + [{ ($color): $i }] }' } }`,
      { input: { colors: ['red', 'green', 'blue'] } },
    );
    expect(run.last.output).toEqual({ seen: [{ red: 0 }, { green: 1 }] });
  });

  it('passes its input on when there is nothing to do, and refuses what is no list', () => {
    const body = `do: [{ loop: { for: { in: .items }, do: [{ a: { set: { x: $item } } }] } }]`;
    expect(runVirtually(body, { input: { items: [] } }).last.output).toEqual({ items: [] });
    expect(runVirtually(body, { input: { items: null } }).last.error).toMatchObject({
      type: `${ERRORS}expression`,
      instance: '/do/0/loop',
    });
  });

  it('takes any name for its variables', () => {
    const run = runVirtually(`
do:
  - loop:
      for: { each: __proto__, at: constructor, in: '[5]' }
      do:
        - fail:
            try: [{ no: { raise: { error: { type: http://e, status: 418 } } } }]
            catch:
              as: toString
              do: [{ say: { set: '\${ [$__proto__, $constructor, $toString.status] }' } }]`);
    expect(run.last.output).toEqual([5, 0, 418]);
  });

  it('is left by exit', () => {
    const run = runVirtually(`
do:
  - loop:
      for: { in: '[1, 2, 3]' }
      do:
        - stop: { if: $item == 2, set: { stopped: '\${ $index }' }, then: exit }
        - go: { set: { last: '\${ $item }' } }
  - after: { set: { result: '\${ . }' } }`);
    expect(run.last.output).toEqual({ result: { stopped: 1 } });
  });

  it('yields when its budget is used up and goes on where it was', () => {
    const body = `
do:
  - loop:
      for: { in: '[range(100)]' }
      do: [{ add: { set: { n: '\${ (.n // 0) + $item }' } } }]`;
    const states: number[] = [];
    const run = runVirtually(body, {
      steps: 7,
      between: (state) => {
        states.push(state.sequence);
        return state;
      },
    });
    expect(run.last.output).toEqual({ n: 4_950 });
    expect(states.length).toBeGreaterThan(20);
  });
});

describe('the budget', () => {
  it('ends an advance when the shell says so, after one task at least', () => {
    const program = compileFlow(
      parseDocument(
        flow(`do: [{ a: { set: { x: 1 } } }, { b: { set: { x: 2 } } }]`),
        'application/yaml',
      ),
    );
    let state = createState(program, { executionId: 'e', input: {}, now: 0 });
    const seen: boolean[] = [];
    for (;;) {
      const step = advance(program, state, {
        now: 0,
        signals: [],
        budget: { exhausted: () => true },
      });
      state = step.state;
      seen.push(step.yielded);
      if (step.status === 'completed') break;
    }
    expect(seen).toEqual([true, true, false]);
  });
});

describe('try', () => {
  const failing = standardError('communication', 'down', { status: 503 });

  it('retries as the policy says, then handles, then goes where it says', () => {
    const run = runVirtually(
      `
do:
  - try:
      try: [{ call: { call: http, with: { method: get, endpoint: http://x } } }]
      catch:
        errors: { with: { type: 'https://serverlessworkflow.io/dsl/errors/types/communication', status: 503 } }
        as: failure
        retry: { delay: PT1S, backoff: { exponential: {} }, limit: { attempt: { count: 3 } } }
        do: [{ note: { set: { error: '\${ $failure }' } } }]
        then: end
  - never: { set: { x: 1 } }`,
      { call: () => ({ error: failing }) },
    );
    expect(run.effects).toHaveLength(4);
    expect(new Set(run.effects.map(({ key }) => key)).size).toBe(4);
    expect(run.effects.map((effect) => effect.kind === 'callHttp' && effect.attempt)).toEqual([
      1, 2, 3, 4,
    ]);
    expect(run.elapsed).toBe(7_000);
    expect(run.last.output).toEqual({ error: { ...failing, instance: '/do/0/try/try/0/call' } });
    expect(run.history.filter(({ type }) => type === 'taskRetried')).toMatchObject([
      { task: '/do/0/try', attempt: 1 },
      { task: '/do/0/try', attempt: 2 },
      { task: '/do/0/try', attempt: 3 },
    ]);
  });

  it('lets an error go on when its retries are used up and nothing else handles it', () => {
    const run = runVirtually(
      `
use: { retries: { twice: { delay: { milliseconds: 10 }, backoff: { linear: {} }, limit: { attempt: { count: 2 } } } } }
do: [{ try: { try: [{ call: { call: http, with: { method: get, endpoint: http://x } } }], catch: { retry: twice } } }]`,
      { call: () => ({ error: failing }) },
    );
    expect(run.last).toMatchObject({ status: 'faulted', error: { status: 503 } });
    expect(run.elapsed).toBe(30);
  });

  it.each([
    ['errors', 'errors: { with: { status: 404 } }', true],
    ['when', 'when: $error.status == 404', true],
    ['exceptWhen', 'exceptWhen: $error.status == 503', true],
    ['nothing', 'when: $error.status == 503', false],
  ])('filters by %s', (_, filter, goesOn) => {
    const { status } = runVirtually(
      `do: [{ try: { try: [{ bad: { raise: { error: { type: 'http://x', status: 503 } } } }], catch: { ${filter} } } }]`,
    ).last;
    expect(status).toBe(goesOn ? 'faulted' : 'completed');
  });

  it('gives up when the whole of the retries would take too long', () => {
    const run = runVirtually(
      `
do:
  - try:
      try: [{ call: { call: http, with: { method: get, endpoint: http://x } } }]
      catch: { retry: { delay: PT1M, limit: { duration: PT150S } } }`,
      { call: () => ({ error: failing }) },
    );
    expect(run.effects).toHaveLength(3);
    expect(run.elapsed).toBe(120_000);
  });

  it('ends an attempt that takes too long and tries again', () => {
    const run = runVirtually(
      `
do:
  - try:
      try: [{ call: { call: http, with: { method: get, endpoint: http://x } } }]
      catch: { retry: { limit: { attempt: { count: 2, duration: PT5S } } } }`,
      { call: (_, count) => (count < 2 ? 'hang' : { output: 'done' }) },
    );
    expect(run.last.output).toBe('done');
    expect(run.elapsed).toBe(10_000);
  });

  it('asks the policy whether to retry', () => {
    const run = runVirtually(
      `
do:
  - try:
      try: [{ call: { call: http, with: { method: get, endpoint: http://x } } }]
      catch:
        retry: { when: $error.status == 503, exceptWhen: '$error.detail == "gone"' }
        do: [{ handled: { set: { by: catch } } }]`,
      { call: (_, count) => ({ error: count === 0 ? failing : { ...failing, detail: 'gone' } }) },
    );
    expect(run.effects).toHaveLength(2);
    expect(run.last.output).toEqual({ by: 'catch' });
  });

  it('adds a jitter within its range that a second decision repeats', () => {
    const body = `
do:
  - try:
      try: [{ call: { call: http, with: { method: get, endpoint: http://x } } }]
      catch: { retry: { delay: PT1S, jitter: { from: PT1S, to: PT2S }, limit: { attempt: { count: 1 } } } }`;
    const first = runVirtually(body, { call: () => ({ error: failing }) });
    expect(first.elapsed).toBeGreaterThanOrEqual(2_000);
    expect(first.elapsed).toBeLessThanOrEqual(3_000);
    expect(runVirtually(body, { call: () => ({ error: failing }) }).elapsed).toBe(first.elapsed);
  });
});

describe('raise', () => {
  it('raises a reusable error with evaluated texts, at its task', () => {
    const run = runVirtually(`
use: { errors: { late: { type: 'https://example.com/late', status: 409, title: Late, detail: '\${ "by \\(.days) days" }' } } }
do: [{ a: { set: { days: 3 } } }, { fail: { raise: { error: late } } }]`);
    expect(run.last).toMatchObject({
      status: 'faulted',
      error: {
        type: 'https://example.com/late',
        status: 409,
        title: 'Late',
        detail: 'by 3 days',
        instance: '/do/1/fail',
      },
    });
    expect(run.history.at(-1)).toMatchObject({
      type: 'executionEnded',
      status: 'faulted',
      error: { status: 409 },
    });
    expect(run.events.map(({ type }) => type)).toEqual([
      'io.serverlessworkflow.workflow.started.v1',
      'io.serverlessworkflow.workflow.faulted.v1',
    ]);
  });
});

describe('data that is too large', () => {
  // Each function call holds its input, of which all share the parts: nearly nothing in memory, far too long as text.
  const heavy = `
use:
  functions:
    deeper:
      do:
        - again: { if: '.depth > 0', call: deeper, with: { depth: '\${ .depth - 1 }', data: '\${ .data }' } }
        - rest: { wait: PT1H }
do:
  - start: { call: deeper, with: { depth: 60, data: '\${ ("x" * 1000000) as $x | [range(10) | $x] }' } }`;

  it('ends the execution, before anybody has to write it', () => {
    const run = runVirtually(heavy);
    expect(run.last).toMatchObject({
      status: 'faulted',
      error: {
        type: `${ERRORS}runtime`,
        detail: expect.stringContaining('takes more than'),
        instance: '/use/functions/deeper/do/1/rest',
      },
    });
    expect(JSON.stringify(run.last.state).length).toBeLessThan(1_000);
  });

  it('cannot be emitted, and what can be is handed out in parts', () => {
    const run = runVirtually(
      `do: [{ a: { emit: { event: { with: { type: t, data: '\${ ("x" * 1000000) as $x | [range(10) | $x] }' } } } } }]`,
    );
    expect(run.last.error).toMatchObject({
      type: `${ERRORS}runtime`,
      detail: expect.stringContaining('The event is larger than'),
      instance: '/do/0/a',
    });
    const body = `do: [{ a: { for: { in: '[range(9)]' }, do: [{ b: { emit: { event: { with: { type: t, data: '\${ $workflow.input }' } } } } }] } }]`;
    const program = compileFlow(parseDocument(flow(body), 'application/yaml'));
    const input = 'x'.repeat(1_000_000);
    const first = advance(program, createState(program, { executionId: 'e', input, now: 0 }), {
      now: 0,
      signals: [],
    });
    expect(first.yielded).toBe(true);
    expect(first.emitted.length).toBeLessThan(9);
    expect(first.handedOut).toBeGreaterThan(first.emitted.length * 1_000_000);
    expect(runVirtually(body, { input }).events.filter(({ type }) => type === 't')).toHaveLength(9);
  });
});

describe('errors that are large', () => {
  it('are handed out in parts', () => {
    const body = `do: [{ a: { try: [{ b: { raise: { error: { type: http://e, status: 500, detail: '\${ . }' } } } }], catch: { retry: {} } } }]`;
    const program = compileFlow(parseDocument(flow(body), 'application/yaml'));
    const state = createState(program, { executionId: 'e', input: 'x'.repeat(1_000_000), now: 0 });
    const step = advance(program, state, { now: 0, signals: [] });
    expect(step).toMatchObject({ yielded: true, status: 'running' });
    expect(step.history.length).toBeLessThan(30);
  });
});

describe('time', () => {
  it('waits, and says until when', () => {
    const run = runVirtually(
      `do: [{ a: { wait: { minutes: 2 } } }, { b: { wait: '\${ "PT\\(.n)S" }' } }]`,
      { input: { n: 3 } },
    );
    expect(run.elapsed).toBe(123_000);
    expect(run.last.output).toEqual({ n: 3 });
    expect(run.history.filter(({ type }) => type === 'executionWaiting')[0]).toMatchObject({
      until: '2026-01-01T00:02:00.000Z',
    });
  });

  it.each([
    ['a wait', `do: [{ a: { wait: '\${ .forever }' } }]`],
    [
      'a timeout',
      `do: [{ a: { wait: PT1S, timeout: { after: '\${ .forever }' } } }, { b: { wait: P9999999D } }]`,
    ],
    [
      'a retry',
      `do: [{ a: { try: [{ b: { raise: { error: { type: http://e, status: 500 } } } }], catch: { retry: { delay: { days: 999999999999 }, backoff: { exponential: {} }, limit: { attempt: { count: 1 } } } } } }]`,
    ],
  ])('can write the end of %s that never ends', (_, body) => {
    const program = compileFlow(parseDocument(flow(body), 'application/yaml'));
    const now = Date.UTC(2026, 0, 1);
    const input = { forever: `P${'9'.repeat(400)}D` };
    const first = advance(program, createState(program, { executionId: 'e', input, now }), {
      now,
      signals: [],
    });
    expect(first.status).toBe('waiting');
    expect(first.history.find(({ type }) => type === 'executionWaiting')?.until).toMatch(/^\d{4}-/);
    const second = advance(program, first.state, { now: now + 60_000, signals: [] });
    expect(second.status).toBe('waiting');
  });

  it('ends a task that takes too long; the call in it is abandoned', () => {
    const run = runVirtually(
      `
use: { timeouts: { short: { after: PT5S } } }
do:
  - slow:
      timeout: short
      do:
        - inner:
            try: [{ call: { call: http, with: { method: get, endpoint: http://x } } }]
            catch: { do: [] }`,
      { call: () => 'hang' },
    );
    expect(run.last.error).toMatchObject({
      type: `${ERRORS}timeout`,
      status: 408,
      instance: '/do/0/slow',
    });
    expect(run.last.abandoned).toEqual([run.effects[0]?.key]);
    expect(run.effects[0]).toMatchObject({ deadline: Date.UTC(2026, 0, 1, 0, 0, 5) });
    expect(run.elapsed).toBe(5_000);
  });

  it('can catch the timeout of a task', () => {
    const run = runVirtually(`
do:
  - guard:
      try: [{ slow: { wait: PT1H, timeout: { after: PT1S } } }]
      catch: { errors: { with: { status: 408 } }, do: [{ note: { set: { late: true } } }] }`);
    expect(run.last.output).toEqual({ late: true });
    expect(run.elapsed).toBe(1_000);
  });

  it('faults a workflow that takes too long', () => {
    const run = runVirtually(`timeout: { after: PT3S }\ndo: [{ a: { wait: PT1H } }]`);
    expect(run.last.error).toMatchObject({ type: `${ERRORS}timeout`, instance: '/timeout' });
    expect(run.elapsed).toBe(3_000);
  });

  it('takes timers in the order of their times when it was asleep past several', () => {
    const program = compileFlow(
      parseDocument(
        flow(`do: [{ a: { wait: PT10S, timeout: { after: PT5S } } }]`),
        'application/yaml',
      ),
    );
    const first = advance(program, createState(program, { executionId: 'e', input: {}, now: 0 }), {
      now: 0,
      signals: [],
    });
    expect(first.wakeAt).toBe(5_000);
    const late = advance(program, first.state, { now: 60_000, signals: [] });
    expect(late.error).toMatchObject({ type: `${ERRORS}timeout` });
  });
});

describe('call http', () => {
  const body = `
use:
  secrets: [login]
  authentications: { fromSecret: { basic: { use: login } } }
do:
  - call:
      call: http
      with:
        method: post
        endpoint: { uri: 'https://api.example.com/{id}/x?a=1#f', authentication: { use: fromSecret } }
        headers: { X-N: '\${ .n }' }
        query: { q: '\${ .tags }', none: '\${ null }' }
        body: { n: '\${ .n }', literal: text }
        output: response
        redirect: true
      output: { as: '{ scheme: $authorization.scheme }' }`;
  const options = {
    input: { id: 'a/b c', n: 5, tags: ['x y', 'z'] },
    secrets: { login: { username: 'u', password: 'p' } },
  };

  it('evaluates the whole request', () => {
    const run = runVirtually(body, options);
    expect(run.effects[0]).toMatchObject({
      kind: 'callHttp',
      task: '/do/0/call',
      attempt: 1,
      request: {
        method: 'POST',
        uri: 'https://api.example.com/a%2Fb%20c/x?a=1&q=x+y&q=z#f',
        headers: { 'X-N': '5', Authorization: `Basic ${Buffer.from('u:p').toString('base64')}` },
        body: { n: 5, literal: 'text' },
        redirect: true,
        output: 'response',
      },
    });
    expect(run.last.output).toEqual({ scheme: 'Basic' });
  });

  it('gives the call in flight again, the same, and ignores signals it does not know', () => {
    const program = compileFlow(parseDocument(flow(body), 'application/yaml'));
    const { input, secrets } = options;
    const start = createState(program, { executionId: 'e', input, now: 0 });
    const first = advance(program, start, { now: 0, signals: [], secrets });
    const stored = JSON.parse(JSON.stringify(first.state)) as typeof first.state;
    expect(effectsInFlight(program, stored, { secrets })).toEqual(first.effects);
    expect(JSON.stringify(stored)).not.toContain('dTpw');
    const ignored = advance(program, stored, {
      now: 1,
      signals: [{ kind: 'effectSucceeded', key: 'unknown', output: 1 }],
      secrets,
    });
    expect(ignored).toMatchObject({ status: 'running', effects: [], history: [] });
    expect(ignored.state).toEqual(first.state);
  });

  it('expands the names in a URI as they stand, dots and all', () => {
    const { effects } = runVirtually(
      `do: [{ a: { call: http, with: { method: get, endpoint: 'http://x/{pet.id}/{none}' } } }]`,
      { input: { 'pet.id': 'a/b', pet: { id: 1 } } },
    );
    expect(effects[0]).toMatchObject({ request: { uri: 'http://x/a%2Fb/' } });
  });

  it('refuses what a URI cannot hold and a secret that is missing', () => {
    expect(runVirtually(body, { ...options, input: { id: {} } }).last.error).toMatchObject({
      type: `${ERRORS}expression`,
    });
    expect(runVirtually(body, { input: options.input }).last.error).toMatchObject({
      type: `${ERRORS}authorization`,
      status: 403,
    });
  });
});

describe('emit', () => {
  it('outputs a complete event with a deterministic id', () => {
    const run = runVirtually(
      `do: [{ a: { emit: { event: { with: { type: t.v1, data: '\${ . }', subject: '\${ null }' } } } } }]`,
      { input: { x: 1 } },
    );
    expect(run.last.output).toEqual({
      specversion: '1.0',
      id: 'e1-2',
      source: '/test/test/1.0.0',
      type: 't.v1',
      time: '2026-01-01T00:00:00.000Z',
      data: { x: 1 },
    });
    expect(run.last.emitted).toEqual([run.last.output]);
    expect(run.events.map(({ id }) => id)).toEqual(['e1-1', 'e1-2', 'e1-3']);
  });

  it('refuses a time that is none', () => {
    const body = `do: [{ a: { emit: { event: { with: { type: t, time: '\${ .at }' } } } } }]`;
    expect(runVirtually(body, { input: { at: 'yesterday' } }).last.error).toMatchObject({
      type: `${ERRORS}expression`,
      detail: expect.stringContaining('"time" of the event must be as in 2026-01-31T08:00:00Z'),
    });
    const at = '2026-02-01T08:00:00.5+01:00';
    expect(runVirtually(body, { input: { at } }).last.output).toMatchObject({ time: at });
  });

  it('refuses attributes that are no text', () => {
    const { error } = runVirtually(
      `do: [{ a: { emit: { event: { with: { type: '\${ 1 }' } } } } }]`,
    ).last;
    expect(error).toMatchObject({ type: `${ERRORS}expression`, instance: '/do/0/a' });
  });
});

describe('run workflow', () => {
  const body = (more: string): string => `
do:
  - child: { run: { workflow: { namespace: n, name: c, version: 1.0.0, input: { a: '\${ .x }' } }${more} } }`;

  it('waits for the child and outputs its output', () => {
    const run = runVirtually(body(''), {
      input: { x: 1 },
      child: ({ input }) => ({ output: [input] }),
    });
    expect(run.last.output).toEqual([{ a: 1 }]);
    expect(run.effects[0]).toMatchObject({
      kind: 'runFlow',
      flow: { namespace: 'n', name: 'c', version: '1.0.0' },
      await: true,
    });
  });

  it('is waiting while the child runs', () => {
    const run = runVirtually(body(''), { child: () => 'hang' });
    expect(run.last).toMatchObject({ status: 'waiting' });
  });

  it('does not wait when told so', () => {
    const run = runVirtually(body(', await: false'), { input: { x: 1 } });
    expect(run.last).toMatchObject({ status: 'completed', output: { x: 1 } });
    expect(run.effects).toHaveLength(1);
  });

  it('faults where it does not wait for a flow that does not exist, and a catch sees it', () => {
    const run = (waits: boolean): Advance => {
      const program = compileFlow(
        parseDocument(
          flow(`
do:
  - guarded:
      try: [{ child: { run: { workflow: { namespace: n, name: gone, version: 1.0.0 }, await: ${waits} } } }]
      catch: { as: e, do: [{ told: { set: '\${ $e.status }' } }] }`),
          'application/yaml',
        ),
      );
      const state = createState(program, { executionId: 'e1', input: {}, now: 0 });
      return advance(program, state, {
        now: 0,
        signals: [],
        isMissing: ({ namespace, name, version }) =>
          namespace === 'n' && name === 'gone' && version === '1.0.0',
      });
    };
    expect(run(false)).toMatchObject({ status: 'completed', output: 404, effects: [] });
    expect(run(true)).toMatchObject({ status: 'waiting', effects: [{ kind: 'runFlow' }] });
  });

  it('names the children to be created: the same after a crash, each its own', () => {
    const two = `
do:
  - a: { run: { workflow: { namespace: n, name: c, version: 1.0.0 } } }
  - b: { run: { workflow: { namespace: n, name: c, version: 1.0.0 }, await: false } }`;
    const ids = (takenOver: boolean): string[] =>
      runVirtually(two, { takenOver }).effects.map((effect) =>
        effect.kind === 'runFlow' ? effect.childId : '',
      );
    const before = ids(false);
    expect(new Set(before).size).toBe(2);
    expect(before.every(isId)).toBe(true);
    expect(ids(true)).toEqual(before);
  });

  it('abandons the child whose task takes too long', () => {
    const run = runVirtually(
      `
do:
  - limited:
      try: [{ slow: { timeout: { after: PT5S }, do: [{ child: { run: { workflow: { namespace: n, name: c, version: 1.0.0 } } } }] } }]
      catch: { do: [{ late: { set: { late: true } } }] }`,
      { child: () => 'hang' },
    );
    const [effect] = run.effects;
    expect(run.last.output).toEqual({ late: true });
    expect(run.last.abandonedChildren).toEqual([effect?.kind === 'runFlow' && effect.childId]);
  });

  it('outputs nothing when told so, and takes over the error of the child', () => {
    expect(
      runVirtually(body(', return: none'), { child: () => ({ output: 1 }) }).last.output,
    ).toBeNull();
    const error = standardError('runtime', 'broken', { instance: '/do/7/x' });
    expect(runVirtually(body(''), { child: () => ({ error }) }).last.error).toEqual({
      ...error,
      instance: '/do/0/child',
    });
  });
});

describe('functions', () => {
  it('get their arguments as input and are one scope of their own', () => {
    const run = runVirtually(
      `
use:
  functions:
    double: { set: { n: '\${ .n * 2 }' }, output: { as: .n } }
    twice: { do: [{ a: { call: double, with: { n: '\${ .n }' } } }, { b: { call: double, with: { n: '\${ . }' } } }] }
do: [{ go: { call: twice, with: { n: '\${ .start }' }, output: { as: '{ result: ., from: $input.start }' } } }]`,
      { input: { start: 3 } },
    );
    expect(run.last.output).toEqual({ result: 12, from: 3 });
  });

  it('cannot call themselves without end', () => {
    const { error } = runVirtually(
      `use: { functions: { f: { call: f } } }\ndo: [{ go: { call: f } }]`,
    ).last;
    expect(error).toMatchObject({ type: `${ERRORS}runtime` });
  });
});

describe('cancel', () => {
  it('abandons the child that the execution waits for', () => {
    const body = `do: [{ a: { run: { workflow: { namespace: n, name: c, version: 1.0.0 } } } }]`;
    let childId: string | undefined;
    const run = runVirtually(body, {
      child: (effect) => {
        childId = effect.childId;
        return 'hang';
      },
    });
    expect(childrenInFlight(run.last.state)).toEqual([childId]);
    const program = compileFlow(parseDocument(flow(body), 'application/yaml'));
    const cancelled = advance(program, run.last.state, { now: 1, signals: [{ kind: 'cancel' }] });
    expect(cancelled).toMatchObject({ status: 'cancelled', abandonedChildren: [childId] });
    expect(childrenInFlight(cancelled.state)).toEqual([]);
  });

  it('ends the execution, abandons its call, and further signals change nothing', () => {
    const program = compileFlow(
      parseDocument(
        flow(`do: [{ a: { call: http, with: { method: get, endpoint: http://x } } }]`),
        'application/yaml',
      ),
    );
    const first = advance(program, createState(program, { executionId: 'e', input: {}, now: 0 }), {
      now: 0,
      signals: [],
    });
    const key = first.effects[0]?.key ?? '';
    const cancelled = advance(program, first.state, {
      now: 1,
      signals: [{ kind: 'effectSucceeded', key, output: 1 }, { kind: 'cancel' }],
    });
    expect(cancelled).toMatchObject({ status: 'cancelled', abandoned: [key], effects: [] });
    expect(cancelled.history.map(({ type }) => type)).toEqual(['executionEnded']);
    const again = advance(program, cancelled.state, {
      now: 2,
      signals: [{ kind: 'effectSucceeded', key, output: 1 }],
    });
    expect(again).toMatchObject({ status: 'cancelled', history: [], events: [], effects: [] });
  });
});
