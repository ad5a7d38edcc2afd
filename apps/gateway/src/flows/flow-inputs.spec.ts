import type { Json } from '@easyflow/engine';
import { newId } from '@easyflow/kernel-ids';
import { logger } from '@easyflow/platform-telemetry';
import { pairKey } from '@easyflow/tenant-context';
import { FlowInputs, type FlowInput } from './flow-inputs';
import { InputThread } from './input-thread';

jest.setTimeout(30_000);

const quiet = logger('test', { level: 'silent' });
const thread = new InputThread();
afterAll(() => thread.close());

function flowOf(document: Json, more: object = {}, tenantId = newId()): FlowInput {
  const schema = JSON.stringify({ document, ...more });
  return { tenantId, key: pairKey(tenantId, 'shop', 'order', '1.0.0'), schema };
}
const given = (value: Json) => ({ value, text: JSON.stringify(value) });

function inputs() {
  const asked: string[] = [];
  const made = new FlowInputs(
    {
      check: (tenantId, question) => {
        asked.push(tenantId);
        return thread.check(tenantId, question);
      },
    },
    quiet,
  );
  return { asked, issues: (flow: FlowInput, value: Json) => made.issues(flow, given(value)) };
}

/** Its compilation takes tenths of a second. */
const large = {
  type: 'object',
  properties: Object.fromEntries(
    Array.from({ length: 400 }, (_, n) => [`p${n}`, { type: 'string', minLength: 1 }]),
  ),
};

describe('FlowInputs', () => {
  it('checks a small input by a small schema where it is', async () => {
    const { asked, issues } = inputs();
    const flow = flowOf({ type: 'object', required: ['a'] });
    expect(await issues(flow, { a: 1 })).toEqual([]);
    expect(await issues(flow, {})).toMatchObject([{ pointer: '#' }]);
    expect(asked).toEqual([]);
  });

  it('compiles a large schema in the thread, once', async () => {
    const { asked, issues } = inputs();
    const flow = flowOf(large);
    expect(await issues(flow, { p1: 'x' })).toEqual([]);
    expect(await issues(flow, { p1: '' })).toMatchObject([{ pointer: '#/p1' }]);
    expect(asked).toHaveLength(2);
  });

  it('checks what takes long in the thread', async () => {
    const { asked, issues } = inputs();
    const others = ['boolean', 'object', 'array', 'null'].map((type) => ({ type }));
    const flow = flowOf({ items: { anyOf: [...others, { type: 'number' }] } });
    const numbers = Array.from({ length: 300_000 }, (_, n) => n);
    expect(await issues(flow, numbers)).toEqual([]);
    expect((await issues(flow, [...numbers, 'x'])).at(-1)).toMatchObject({ pointer: '#/300000' });
    expect(asked).toHaveLength(2);
    expect(await issues(flow, [1])).toEqual([]);
    expect(asked).toHaveLength(2);
  });

  it.each([
    ['a format that another version knows', flowOf({}, { format: 'avro' })],
    ['a keyword in a form that another version knows', flowOf({ type: 'tensor' })],
    [
      'one that can be compiled by nobody here',
      flowOf({ allOf: Array.from({ length: 500 }, () => ({ type: 'tensor' })) }),
    ],
  ])('leaves to the executor what it cannot read: %s', async (_, flow) => {
    const { issues } = inputs();
    expect(await issues(flow, { a: 1 })).toEqual([]);
    expect(flow.isUnknown).toBe(true);
    expect(await issues(flow, 'anything')).toEqual([]);
  });
});

describe('InputThread', () => {
  const question = (flow: FlowInput, value: Json) => ({
    key: flow.key,
    schema: flow.schema,
    input: JSON.stringify(value),
  });

  it('serves tenants in turn', async () => {
    const [noisy, quietOne] = [newId(), newId()];
    const order: string[] = [];
    const ask = async (tenantId: string, name: string) => {
      await thread.check(tenantId, question(flowOf({ type: 'number' }, {}, tenantId), 1));
      order.push(name);
    };
    await Promise.all([
      ...Array.from({ length: 20 }, (_, n) => ask(noisy, `noisy ${n}`)),
      ask(quietOne, 'quiet'),
    ]);
    expect(order.indexOf('quiet')).toBeLessThanOrEqual(2);
  });

  it('lets so many of a tenant wait', async () => {
    const tenantId = newId();
    const flow = flowOf({ type: 'number' }, {}, tenantId);
    const some = Array.from({ length: 50 }, () => thread.check(tenantId, question(flow, 1)));
    expect(() => thread.check(tenantId, question(flow, 1))).toThrow(
      expect.objectContaining({ code: 'rate.exceeded', status: 429 }),
    );
    const verdicts = await Promise.all(some);
    expect(new Set(verdicts.map(({ kind }) => kind))).toEqual(new Set(['checked']));
    expect(await thread.check(tenantId, question(flow, 'x'))).toMatchObject({
      issues: [{ pointer: '#' }],
    });
  });

  it('goes on with a new thread when one has been ended', async () => {
    const own = new InputThread();
    const flow = flowOf({ type: 'number' });
    const first = own.check(flow.tenantId, question(flow, 1));
    await own.close();
    expect(await first).toMatchObject({ kind: 'unknown' });
    expect(await own.check(flow.tenantId, question(flow, 1))).toEqual({
      kind: 'checked',
      issues: [],
    });
    await own.close();
  });
});
