import { executionSchema, executionSummarySchema } from '@easyflow/contracts-http';
import { newId } from '@easyflow/kernel-ids';
import { executionJson, executionSummaryJson } from './execution-answer';

const row = {
  id: newId(),
  status: 'completed',
  flow_namespace: 'shop',
  flow_name: 'order',
  flow_version: '1.0.0',
  mode: 'eco',
  error: null,
  error_status: null,
  created_at: new Date('2026-01-02T03:04:05.006Z'),
  started_at: new Date('2026-01-02T03:04:06Z'),
  ended_at: null,
  input: '{"n":12345678901234567890.10}',
  output: 'null',
  deferral: null,
  deferred_until: null,
};

describe('executionJson', () => {
  it('is what the contract says', () => {
    expect(executionSchema.parse(JSON.parse(executionJson(row)))).toEqual({
      id: row.id,
      status: 'completed',
      flow: { namespace: 'shop', name: 'order', version: '1.0.0' },
      mode: 'eco',
      input: { n: 12345678901234567890.1 },
      output: null,
      createdAt: '2026-01-02T03:04:05.006Z',
      startedAt: '2026-01-02T03:04:06.000Z',
    });
  });

  it.each([
    ['suspended', 'why', Infinity, 'suspended', [{ kind: 'resume', detail: 'why' }]],
    [
      'suspended',
      'why',
      new Date('2026-01-02T03:09:00Z'),
      'suspended',
      [{ kind: 'resume', detail: 'why', until: '2026-01-02T03:09:00.000Z' }],
    ],
    [
      'running',
      'why',
      new Date('2026-01-02T03:04:10Z'),
      'running',
      [{ kind: 'retry', detail: 'why', until: '2026-01-02T03:04:10.000Z' }],
    ],
    ['suspended', null, null, 'running', undefined],
    ['waiting', null, Infinity, 'waiting', undefined],
  ] as const)(
    'says why an execution that is %s does not go on: %s until %s',
    (status, deferral, deferred_until, shown, waitingFor) => {
      const text = executionJson({ ...row, status, deferral, deferred_until });
      const execution = executionSchema.parse(JSON.parse(text));
      expect([execution.status, execution.waitingFor]).toEqual([shown, waitingFor]);
    },
  );

  it('passes payloads on as they are', () => {
    expect(executionJson(row)).toContain('"input":{"n":12345678901234567890.10}');
  });

  it.each([
    [
      'in a text',
      '{"type":"t","title":"a\\",\\"detail\\":\\"b',
      { type: 't', title: 'a","detail":"b…' },
    ],
    ['in an escape', '{"type":"t","title":"a\\', { type: 't', title: 'a…' }],
    ['in a code', '{"type":"t","title":"a\\ud8', { type: 't', title: 'a…' }],
    ['between members', '{"type":"t","title":"a",', { type: 't', title: 'a' }],
    ['in a name', '{"type":"t","title":"a","det', { type: 't', title: 'a' }],
  ])('makes an error of a long one that is cut %s', (_, error, shown) => {
    const text = executionSummaryJson({ ...row, error, error_status: '418,"detail"' });
    expect(executionSummarySchema.parse(JSON.parse(text)).error).toEqual({ ...shown, status: 418 });
  });

  it('leaves payloads out of lists', () => {
    const summary = JSON.parse(
      executionSummaryJson({ ...row, error: '{"type":"t","status":500}' }),
    ) as object;
    expect(executionSummarySchema.parse(summary)).toMatchObject({
      error: { type: 't', status: 500 },
    });
    expect(Object.keys(summary)).not.toEqual(expect.arrayContaining(['input']));
    expect(Object.keys(summary)).not.toEqual(expect.arrayContaining(['output']));
  });
});
