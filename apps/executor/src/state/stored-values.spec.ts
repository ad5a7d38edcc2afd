import type { ExecutionState, Json } from '@easyflow/engine';
import fc from 'fast-check';
import { storedStateOf, UnreadableStateError } from './stored-state';
import { StoredValues } from './stored-values';
import { ValueTable } from './value-table.test';

const large = (of: string, length = 3_000) => of.repeat(Math.ceil(length / of.length));

describe('a stored state', () => {
  it('is the JSON of the engine when it is small', () => {
    const state = stateOf({ n: 1 });
    const rows = new StoredValues({ n: 1 }).write(state);
    expect(rows).toEqual({ state: JSON.stringify(state), added: [], removed: [] });
  });

  it('is so too when it has no large part, however much it is', () => {
    const state = stateOf(large('a', 900), { context: large('b', 900), items: [large('c', 900)] });
    const values = new StoredValues({ list: [large('i')] });
    for (let n = 0; n < 2; n += 1) {
      const rows = values.write(state);
      expect(rows).toEqual({ state: JSON.stringify(state), added: [], removed: [] });
    }
  });

  it('looks at nothing again that is stored', () => {
    let looks = 0;
    const watched = new Proxy(
      { text: large('a'), more: large('b') },
      {
        ownKeys: (target) => {
          looks += 1;
          return Reflect.ownKeys(target);
        },
      },
    );
    const input = { list: [watched] };
    const values = new StoredValues(input);
    values.write(stateOf(input, { items: input.list, context: { watched } }));
    expect(looks).toBeGreaterThan(0);
    looks = 0;
    for (let n = 0; n < 3; n += 1) {
      values.write(stateOf(input, { items: input.list, context: { n, watched } }));
    }
    expect(looks).toBe(0);
  });

  it('refers to the input and to its parts, and writes none of it', () => {
    const input = { list: [large('a'), large('b')], who: 'me' };
    const values = new StoredValues(input);
    const { state, added } = values.write(stateOf(input, { items: input.list, context: input }));

    expect(added).toEqual([]);
    expect(state?.length).toBeLessThan(600);
    expect(storedStateOf(JSON.parse(state ?? ''))?.refs).toEqual([
      [['context'], 0],
      [['root', 'frames', 0, 'input'], 0],
      [['root', 'frames', 0, 'items'], 0, ['list']],
    ]);
  });

  it('writes a value once, also within what is made of it', () => {
    const result = { id: 1, text: large('result') };
    const table = new ValueTable({});
    const values = new StoredValues(table.input);
    table.apply(values.write(stateOf(result)));
    const first = table.written;
    for (let n = 0; n < 50; n += 1) {
      const context = { result, n, others: [result.text, result] };
      table.apply(values.write(stateOf({ n }, { context })));
      expect(table.load().state.context).toEqual(context);
    }
    expect(table.rows.size).toBe(1);
    expect(table.written - first).toBeLessThan(50 * 600);
  });

  it('writes each of the results that a context gathers once', () => {
    const table = new ValueTable({});
    const values = new StoredValues(table.input);
    let context: { [key: string]: Json } = {};
    let size = 0;
    for (let n = 0; n < 40; n += 1) {
      const result = { n, text: large(`${n} `, 5_000) };
      size += JSON.stringify(result).length;
      context = { ...context, [`r${n}`]: result };
      table.apply(values.write(stateOf({ n }, { context })));
    }
    expect(table.load().state.context).toEqual(context);
    // And 40 lists of what was there already.
    expect(table.written).toBeLessThan(size * 1.2 + 40 * 40 * 40);
  });

  it('does so with results of a few hundred characters, in a list as well', () => {
    const table = new ValueTable({});
    const values = new StoredValues(table.input);
    let results: Json[] = [];
    for (let n = 0; n < 100; n += 1) {
      const result = { n, text: large(`${n} `, 300) };
      results = [...results, result];
      const context = { results, same: result, again: [result] };
      table.apply(values.write(stateOf(result, { context })));
      expect(table.load().state.context).toEqual(context);
    }
    // Whole lists would be 1.6 million, each with its references 30 characters long.
    expect(table.written).toBeLessThan(100 * 300 + (100 * 100 * 36) / 2 + 100 * 2_000);
  });

  it('writes nothing again after it was loaded', () => {
    const input = { list: [large('a'), { deep: large('b') }] };
    const result = { text: large('c'), more: [1, 2, { x: large('d') }] };
    const table = new ValueTable(input);
    const state = stateOf(result, {
      items: input.list,
      context: { result, inner: result.more, list: input.list },
    });
    table.apply(new StoredValues(input).write(state));

    const { state: loaded, values } = table.load();
    expect(loaded).toEqual(state);
    const again = values.write(loaded);
    expect(again).toEqual({ state: table.state, added: [], removed: [] });
  });

  it('removes what it does not need any more, and all at the end', () => {
    const table = new ValueTable({});
    const values = new StoredValues(table.input);
    table.apply(values.write(stateOf(large('a'), { context: large('b') })));
    expect(table.rows.size).toBe(2);
    table.apply(values.write(stateOf(large('c'), { context: large('b') })));
    expect(table.rows.size).toBe(2);
    const end = values.end();
    // A wake may keep it from ending: then it goes on as if nothing had been.
    expect(values.end()).toEqual(end);
    table.apply(values.write(stateOf({ small: true })));
    expect(table.rows.size).toBe(0);
    table.apply(values.write(stateOf(large('d'))));
    table.apply(values.end());
    expect([table.state, table.rows.size]).toEqual([null, 0]);
  });

  it('does not keep large values for the sake of small parts of them', () => {
    const table = new ValueTable({});
    const values = new StoredValues(table.input);
    const kept: Json[] = [];
    for (let n = 0; n < 100; n += 1) {
      const result = { wanted: large(`wanted ${n} `, 1_200), rest: large(`rest ${n} `, 50_000) };
      kept.push(result.wanted);
      table.apply(values.write(stateOf(result, { context: [...kept] })));
    }
    const held = [...table.rows.values()].reduce((sum, { value }) => sum + value.length, 0);
    expect(held).toBeLessThan(2 * 100 * 1_200 + 2 * 50_000 + 64 * 1_024);
    expect(table.load().state.context).toEqual(kept);
  });

  it('writes parts that a value has in many places once', () => {
    let value: Json = { text: large('x') };
    for (let n = 0; n < 9; n += 1) value = [value, value];
    const table = new ValueTable({});
    table.apply(new StoredValues({}).write(stateOf(value)));
    expect(table.written).toBeLessThan(6_000);
    expect(table.load().state.root.frames[0]?.input).toEqual(value);
  });

  it.each([
    ['names of prototypes', JSON.parse(`{"__proto__": {"a": "${large('p')}"}, "x": 1}`) as Json],
    ['escapes', { text: `${large('\u0000\ud800"\\')}` }],
    ['keys that are numbers', { 10: large('a'), 2: [large('b')], '-1': large('c') }],
    ['its own notation', { storage: 2, refs: [[['a'], 0]], a: large('a') }],
  ])('keeps %s', (_, value) => {
    const table = new ValueTable({});
    const values = new StoredValues(table.input);
    table.apply(values.write(stateOf(value)));
    // Now within a value that is made of it.
    const wrapped = {
      value,
      parts: Object.values<Json>(value as { [key: string]: Json }),
      more: large('m'),
    };
    table.apply(values.write(stateOf(wrapped)));
    const found = table.load().state.root.frames[0]?.input;
    expect(JSON.stringify(found)).toBe(JSON.stringify(wrapped));
  });

  it('is written whole when it is nested deeper than its parts can be looked for', () => {
    let deep: Json = large('deep');
    for (let n = 0; n < 1_500; n += 1) deep = [deep];
    const table = new ValueTable({});
    table.apply(new StoredValues({}).write(stateOf(deep)));
    expect(JSON.stringify(table.load().state.root.frames[0]?.input)).toBe(JSON.stringify(deep));
    for (let n = 0; n < 200_000; n += 1) deep = [deep];
    const values = new StoredValues({});
    table.rows.clear();
    table.apply(values.write(stateOf({ text: large('before') })));
    expect(() => values.write(stateOf(deep))).toThrow(RangeError);
    // The execution faults; what was stored goes.
    table.apply(values.end());
    expect(table.rows.size).toBe(0);
  });

  it('is not read when a later version wrote it, or a part is missing', () => {
    expect(caught(() => storedStateOf({ storage: 3 }))).toBe(true);
    const table = new ValueTable({});
    table.apply(new StoredValues({}).write(stateOf({ text: large('a') })));
    table.rows.clear();
    expect(caught(() => table.load())).toBe(true);
  });

  it('comes back as it was, whatever the steps make of it and wherever a process dies', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 25 }), (steps) => {
        const table = new ValueTable({ list: [large('i'), { a: large('j') }], small: 1 });
        let values = new StoredValues(table.input);
        let pool: Json[] = [table.input];
        for (const { makes, slots, dies } of steps) {
          for (const make of makes) pool.push(made(make, pool));
          const pick = (index: number) => pool[index % pool.length] ?? null;
          const state = stateOf(pick(slots[0]), {
            context: pick(slots[1]),
            items: [pick(slots[2]), pick(slots[3])],
          });
          // A checkpoint that is not written belongs to a process that is gone.
          const rows = values.write(state);
          if (dies !== 'before') {
            table.apply(rows);
            expect(table.load().state).toEqual(JSON.parse(JSON.stringify(state)));
            const named = [...table.named()].filter((id) => id !== 0);
            expect([...table.rows.keys()].sort()).toEqual(named.sort());
          }
          if (dies === 'no') continue;
          if (table.state === null) {
            values = new StoredValues(table.input);
            continue;
          }
          const loaded = table.load();
          values = loaded.values;
          const [frame] = loaded.state.root.frames;
          pool = [loaded.state.context, frame?.input ?? null, ...(frame?.items ?? [])];
        }
      }),
      { numRuns: 150 },
    );
  });
});

const index = fc.nat(40);
const step = fc.record({
  makes: fc.array(
    fc.oneof(
      fc.record({ kind: fc.constant('text' as const), of: fc.integer(), length: fc.nat(4_000) }),
      fc.record({ kind: fc.constant('object' as const), a: index, b: index }),
      fc.record({ kind: fc.constant('array' as const), a: index, b: index, times: fc.nat(3) }),
      fc.record({ kind: fc.constant('part' as const), a: index }),
    ),
    { maxLength: 4 },
  ),
  slots: fc.tuple(index, index, index, index),
  dies: fc.constantFrom('no' as const, 'no' as const, 'before' as const, 'after' as const),
});
type Make =
  typeof step extends fc.Arbitrary<infer S>
    ? S extends { makes: (infer M)[] }
      ? M
      : never
    : never;

/** A new value that shares parts of others, as expressions make them. Never of more than some megabytes. */
function made(make: Make, pool: readonly Json[]): Json {
  const at = (position: number) => {
    const value = pool[position % pool.length] ?? null;
    return JSON.stringify(value).length > 200_000 ? null : value;
  };
  switch (make.kind) {
    case 'text':
      return large(`${make.of} `, make.length);
    case 'object':
      return { a: at(make.a), ['__proto__']: 1, list: [at(make.b), 'small'] };
    case 'array':
      return [at(make.a), ...Array.from({ length: make.times }, () => at(make.b))];
    case 'part': {
      const value = at(make.a);
      return typeof value === 'object' && value !== null
        ? (Object.values<Json>(value)[0] ?? null)
        : value;
    }
  }
}

function stateOf(input: Json, more: { context?: Json; items?: Json[] } = {}): ExecutionState {
  const { context = null, items } = more;
  return {
    format: 1,
    id: 'e',
    generation: 0,
    status: 'running',
    startedAt: 0,
    context,
    sequence: 1,
    eventCount: 1,
    root: {
      list: '/do',
      frames: [{ task: '/do/0/a', visit: 1, startedAt: 0, input, ...(items && { items }) }],
      steps: 1,
    },
  };
}

function caught(work: () => unknown): boolean {
  try {
    work();
  } catch (error) {
    return error instanceof UnreadableStateError;
  }
  return false;
}
