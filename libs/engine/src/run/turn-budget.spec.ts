import type { Json } from '@easyflow/expressions';
import { compileFlow, loadFlow, readSchedule } from '../compile/compile-flow';
import { parseDocument } from '../document/parse-document';
import { isNotForThisProcess } from '../not-for-this-process';
import { TurnInterrupted } from '../turn-interrupted';
import { advance, effectsInFlight, type Advance } from './advance';
import { flow } from './run-virtually.test';
import { createState, type ExecutionState } from './state';
import type { Budget } from './interpreter';

const now = Date.UTC(2026, 0, 1);

/** CPU and time of the thread, which go by by a millisecond at every look. */
let passed = 0;

beforeEach(() => {
  passed = 0;
  jest.spyOn(performance, 'now').mockImplementation(() => (passed += 1));
  jest
    .spyOn(process, 'threadCpuUsage')
    .mockImplementation(() => ({ user: passed * 1_000, system: 0 }));
});

afterEach(() => {
  jest.restoreAllMocks();
});

function programOf(body: string): ReturnType<typeof compileFlow> {
  return compileFlow(parseDocument(flow(body), 'application/yaml'));
}

function begun(
  body: string,
  input: Json = {},
): { program: ReturnType<typeof programOf>; state: ExecutionState } {
  const program = programOf(body);
  return { program, state: createState(program, { executionId: 'e1', input, now }) };
}

const busy = '[range(100000)] | length';
const bomb = 'last(range(1e15))';

describe('an advance that has used up its CPU within a task', () => {
  it.each([
    ['an expression', `do: [{ a: { set: { x: '\${ ${busy} }' } } }]`, '/do/0/a'],
    ['a condition', `do: [{ a: { if: '${busy}', set: { x: 1 } } }]`, '/do/0/a'],
    [
      'an expression that `try` would catch',
      `do: [{ a: { try: [{ b: { set: { x: '\${ ${bomb} }' } } }], catch: { do: [] } } }]`,
      '/do/0/a/try/0/b',
    ],
    [
      'a retry policy',
      `do: [{ a: { try: [{ b: { raise: { error: { type: http://e, status: 500 } } } }], catch: { retry: { when: '${busy}', delay: PT1S } } } }]`,
      '/do/0/a',
    ],
    ['the body of a call', call(busy), '/do/0/a'],
    ['the input of the workflow', `input: { from: '${busy}' }\ndo: [{ a: { set: { x: 1 } } }]`],
    [
      'a schema',
      `input: { schema: { document: { items: { type: [number, string] } } } }\ndo: [{ a: { set: { x: 1 } } }]`,
      '/input',
      Array.from({ length: 50_000 }, (_, index) => index),
    ],
    [
      'a pattern of a schema',
      `input: { schema: { document: { pattern: '(a+)+$' } } }\ndo: [{ a: { set: { x: 1 } } }]`,
      '/input',
      `${'a'.repeat(50_000)}!`,
    ],
  ])(
    'changes nothing, and does the same with more: %s',
    (_, body, instance = '', input: Json = {}) => {
      const { program, state } = begun(body, input);
      const before = structuredClone(state);
      const step = (cpuMs?: number): Advance =>
        advance(program, state, { now, signals: [], budget: { cpuMs, yieldMs: 1e9 } });
      for (let attempt = 0; attempt < 2; attempt += 1) {
        let error: unknown;
        try {
          step(8);
        } catch (thrown) {
          error = thrown;
        }
        expect(error).toBeInstanceOf(TurnInterrupted);
        expect(error).toMatchObject({ code: 'turn.interrupted', retryable: true, cpuMs: 8 });
        expect((error as TurnInterrupted).instance).toContain(instance);
        expect(state).toEqual(before);
      }
      expect(step(1e9)).toEqual(step());
      expect(step().history.length).toBeGreaterThan(0);
    },
  );

  it('comes from the calls in flight, too', () => {
    const { program, state } = begun(call(busy));
    const step = advance(program, state, { now, signals: [] });
    expect(step.effects).toHaveLength(1);
    expect(() => effectsInFlight(program, step.state, { budget: { cpuMs: 5 } })).toThrow(
      TurnInterrupted,
    );
    expect(effectsInFlight(program, step.state, { budget: { cpuMs: 1e9 } })).toEqual(step.effects);
  });

  it('comes from the check of an input', () => {
    const program = programOf(
      `input: { schema: { document: { items: { type: number } } } }\ndo: [{ a: { set: { x: 1 } } }]`,
    );
    const input = Array.from({ length: 50_000 }, () => 1);
    expect(() => program.validateInput(input, { cpuMs: 5 })).toThrow(TurnInterrupted);
    expect(program.validateInput(input)).toEqual([]);
  });

  it('comes before what could not be interrupted: a schema or an expression that is compiled first', () => {
    const properties = Object.fromEntries(
      Array.from({ length: 2_000 }, (_, index) => [`k${index}`, { type: 'string' }]),
    );
    const body = { input: { schema: { document: { anyOf: [{ properties }] } } } };
    for (const other of [body, { input: { from: `${'1 | '.repeat(20_000)}2` } }]) {
      const program = loadFlow({
        ...(programOf('do: [{ a: { set: { x: 1 } } }]').document as object),
        ...other,
      });
      const state = createState(program, { executionId: 'e1', input: {}, now });
      expect(() => advance(program, state, { now, signals: [], budget: { cpuMs: 20 } })).toThrow(
        TurnInterrupted,
      );
    }
  });
});

describe('what is made of values that have no end', () => {
  const shared = 'reduce range(20) as $i ("x"; [., .])';
  const long = '"é" * 9000000';
  const deep = 'reduce range(9000) as $i (1; [.])';

  it.each([
    [
      'an address',
      `do: [{ a: { call: http, with: { method: get, endpoint: 'http://x/{n}{n}' } } }]`,
      { n: 'x'.repeat(600_000) },
      'URI',
    ],
    [
      'a query',
      `do: [{ a: { call: http, with: { method: get, endpoint: http://x, query: { q: '\${ ${shared} }' } } } }]`,
      {},
      'query',
    ],
    [
      'a deep query',
      `do: [{ a: { call: http, with: { method: get, endpoint: http://x, query: { q: '\${ ${deep} }' } } } }]`,
      {},
      'query',
    ],
    [
      'headers',
      `do: [{ a: { call: http, with: { method: get, endpoint: http://x, headers: { q: '\${ ${long} }' } } } }]`,
      {},
      'request',
    ],
    ['a body', call(shared), {}, 'request'],
    [
      'a password',
      `do: [{ a: { call: http, with: { method: get, endpoint: { uri: http://x, authentication: { basic: { username: u, password: '\${ ${long} }' } } } } } }]`,
      {},
      'password',
    ],
    [
      'the detail of an error',
      `do: [{ a: { raise: { error: { type: http://e, status: 500, detail: '\${ ${shared} }' } } } }]`,
      {},
      'detail',
    ],
    [
      'the deep detail of an error',
      `do: [{ a: { raise: { error: { type: http://e, status: 500, detail: '\${ ${deep} }' } } } }]`,
      {},
      'detail',
    ],
    ['the list of a loop', `do: [{ a: { for: { in: '{a: (${shared})}' }, do: [] } }]`, {}, 'a map'],
  ])('is bounded: %s', (_, body, input, what) => {
    const { program, state } = begun(body, input);
    const { status, error } = advance(program, state, { now, signals: [] });
    expect(status).toBe('faulted');
    expect(error?.instance).toBe('/do/0/a');
    expect(error?.detail).toContain(what);
    expect(error?.detail?.length).toBeLessThan(1_000);
  });

  it('the weight of a large state is taken once, and interrupted', () => {
    const list = Array.from({ length: 300_000 }, (_, index) => ({ index }));
    const { program, state } = begun(
      'do: [{ a: { wait: PT1S } }, { b: { set: { x: "${ 1 }" } } }]',
      list,
    );
    expect(() => advance(program, state, { now, signals: [], budget: { cpuMs: 20 } })).toThrow(
      TurnInterrupted,
    );
    const first = advance(program, state, { now, signals: [] });
    expect(first.status).toBe('waiting');
    const again = advance(program, first.state, { now, signals: [], budget: { cpuMs: 20 } });
    expect(again.status).toBe('waiting');
  });
});

describe('between tasks', () => {
  const loop = `do: [{ a: { for: { in: '[range(1000)]' }, do: [{ b: { set: { x: 1 } } }] } }]`;

  function tasksBegun(budget: Partial<Budget>): number {
    const { program, state } = begun(loop);
    const step = advance(program, state, { now, signals: [], budget: { steps: 1e9, ...budget } });
    return step.history.filter(({ type }) => type === 'taskStarted').length;
  }

  it('an advance yields when a tenth of its CPU is used, and always begins a task', () => {
    expect(tasksBegun({})).toBe(1_001);
    const some = tasksBegun({ cpuMs: 1_000 });
    expect(some).toBeGreaterThan(20);
    expect(some).toBeLessThan(120);
    expect(tasksBegun({ cpuMs: 1_000, yieldMs: 0 })).toBe(1);
  });
});

describe('an advance says whether it has read the time', () => {
  it.each([
    [true, `do: [{ a: { set: { x: '\${ now }' } } }]`],
    [true, `do: [{ a: { set: { x: '\${ now | todate }', y: '\${ 1 }' } } }]`],
    [true, `do: [{ a: { if: 'now > 0', set: { x: 1 } } }]`],
    [true, `do: [{ a: { set: { x: '\${ $task.startedAt }' } } }]`],
    [true, `do: [{ a: { set: '\${ $workflow }' } }]`],
    [true, call('[$workflow.id, $task]')],
    [false, `do: [{ a: { set: { x: '\${ .n }' } } }]`],
    [false, `do: [{ a: { set: { x: '\${ if . == {} then 1 else now end }' } } }]`],
    [false, call('[$workflow.id, $workflow.input.now, $task.name]')],
    [false, `do: [{ a: { wait: PT1S, timeout: { after: PT2S } } }]`],
  ])('%s: %s', (reads, body) => {
    const { program, state } = begun(body);
    expect(advance(program, state, { now, signals: [] }).readsTime).toBe(reads);
    const loaded = loadFlow(program.document);
    expect(advance(loaded, state, { now, signals: [] }).readsTime).toBe(reads);
  });
});

describe('what a newer version has begun or accepted', () => {
  const { document } = programOf('do: [{ a: { set: { x: 1 } } }]');
  const unknownOf = (run: () => unknown): string => {
    try {
      run();
    } catch (error) {
      return isNotForThisProcess(error) ? `${error.unknown} ${error.retryable}` : String(error);
    }
    return 'nothing';
  };

  it.each([
    ['a task', { do: [{ a: { fly: { to: 'the moon' } } }] }],
    ['a call', { do: [{ a: { call: 'teleport', with: {} } }] }],
    ['a version of the DSL', { document: { dsl: '2.0.0', namespace: 'n', name: 'n' } }],
    ['a shape', { do: [{ a: null }] }],
    ['a schedule', { schedule: { every: 'noon' } }],
  ])('%s is not for this process', (_, newer) => {
    expect(unknownOf(() => loadFlow({ ...(document as object), ...newer }))).toBe('document true');
  });

  it.each([
    ['an expression', { do: [{ a: { set: { x: '${ .x |> .y }' } } }] }],
    ['a builtin', { do: [{ a: { set: { x: '${ teleport }' } } }] }],
    ['a variable', { do: [{ a: { set: { x: '${ $tenant }' } } }] }],
    ['a schema', { input: { schema: { document: { pattern: '(?<a>x)\\k<a>' } } } }],
  ])('%s is not for this process when it is first needed', (_, newer) => {
    const program = loadFlow({ ...(document as object), ...newer });
    const state = createState(program, { executionId: 'e1', input: '', now });
    expect(unknownOf(() => advance(program, state, { now, signals: [] }))).toBe('document true');
  });

  it('a state of another format or at another task is not', () => {
    const program = loadFlow(document);
    const state = createState(program, { executionId: 'e1', input: {}, now });
    const newer = { ...state, format: 2 } as unknown as ExecutionState;
    const inputs = { now, signals: [] };
    expect(unknownOf(() => advance(program, newer, inputs))).toBe('state true');
    expect(unknownOf(() => effectsInFlight(program, newer))).toBe('state true');
    const frames = [{ task: '/do/7/new', visit: 1, startedAt: now, until: now }];
    const elsewhere = { ...state, status: 'running' as const, root: { ...state.root, frames } };
    expect(unknownOf(() => advance(program, elsewhere, inputs))).toBe('task true');
  });

  it('a schedule of an accepted flow is not', () => {
    const schedule = { every: 'noon' };
    expect(unknownOf(() => readSchedule({ ...(document as object), schedule }))).toBe(
      'document true',
    );
  });
});

function call(body: string): string {
  return `do: [{ a: { call: http, with: { method: post, endpoint: http://x, body: '\${ ${body} }' } } }]`;
}
