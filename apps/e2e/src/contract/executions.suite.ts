import { waitFor } from '@easyflow/testing';
import { called, callHttp, flow, greet, set, wait } from '../flows';
import type { Api } from '../shape/api';
import { diagnosed } from '../shape/diagnosed';
import { expectProblem, storedRows, time, uuidv7 } from './expectations';
import type { WorldOf } from './world';

const historyTypes = [
  'executionStarted',
  'taskStarted',
  'taskCompleted',
  'taskFaulted',
  'taskRetried',
  'executionWaiting',
  'executionEnded',
];

/** The final status of an execution. */
export async function ended(api: Api, id: string): Promise<string> {
  const { body } = await waitFor(
    async () => {
      const answer = await api.get(`/v1/executions/${id}`);
      return ['completed', 'faulted', 'cancelled'].includes(answer.body.status) && answer;
    },
    { describe: `execution ${id} to end` },
  );
  return body.status;
}

/** Starting, waiting, reading, listing, cancelling. */
export function executionsSuite(world: WorldOf): void {
  const test = diagnosed(() => world().shape);

  describe('executions', () => {
    beforeAll(async () => {
      const { a, target } = world();
      const flows = [
        greet,
        flow('slow', [wait('pause', 'PT30S'), set('after', { ok: true })]),
        flow('faults', [
          set('x', { ok: true }),
          {
            bad: {
              raise: { error: { type: 'https://example.test/bad', status: 418, title: 'Bad' } },
            },
          },
        ]),
        flow('calls', [callHttp('first', `${target.url}/calls`), called]),
        flow('strict', [set('x', { ok: true })], {
          input: {
            schema: {
              document: {
                type: 'object',
                required: ['count'],
                properties: {
                  count: { type: 'integer' },
                  deep: { type: 'array', items: { type: 'string' } },
                },
              },
            },
          },
        }),
        flow('parent', [
          {
            child: {
              run: {
                workflow: {
                  namespace: 'e2e',
                  name: 'greet',
                  version: '1.0.0',
                  input: { name: 'child' },
                },
              },
            },
          },
        ]),
        flow('short', [wait('pause', 'PT2S'), set('after', { waited: true })]),
      ];
      for (const each of flows) expect((await a.api.apply(each)).text).toMatch(/"active":true/);
    });

    test('a start is 202 with Location; the execution runs and can be read', async () => {
      const { a } = world();
      const started = await a.api.start('e2e/greet', { input: { name: 'Ada' } });
      expect([started.status, started.body]).toEqual([
        202,
        { id: expect.stringMatching(uuidv7), status: expect.any(String), dispatch: 'hinted' },
      ]);
      const { id } = started.body;
      expect(started.headers['location']).toMatch(new RegExp(`/v1/executions/${id}$`));
      expect(await ended(a.api, id)).toBe('completed');
      const location = new URL(started.headers['location'] ?? '', a.api.url);
      const read = await a.api.get(location.pathname);
      expect([read.status, read.body]).toEqual([
        200,
        {
          id,
          status: 'completed',
          flow: { namespace: 'e2e', name: 'greet', version: '1.0.0' },
          mode: 'balanced',
          input: { name: 'Ada' },
          output: { text: 'Hello, Ada' },
          createdAt: expect.stringMatching(time),
          startedAt: expect.stringMatching(time),
          endedAt: expect.stringMatching(time),
        },
      ]);
    });

    test('with Prefer: wait it answers the result, or the error', async () => {
      const { a } = world();
      const done = await a.api.run('e2e/greet', { name: 'Bob' });
      expect([done.status, done.body]).toEqual([
        200,
        { id: expect.stringMatching(uuidv7), status: 'completed', output: { text: 'Hello, Bob' } },
      ]);
      const faulted = await a.api.run('e2e/faults');
      expect([faulted.status, faulted.body]).toEqual([
        200,
        {
          id: expect.any(String),
          status: 'faulted',
          error: expect.objectContaining({
            type: 'https://example.test/bad',
            status: 418,
            instance: expect.stringContaining('/do/1/bad'),
          }),
        },
      ]);
      const read = await a.api.get(`/v1/executions/${faulted.body.id}`);
      expect(read.body).toMatchObject({ status: 'faulted', error: faulted.body.error });
    });

    test('what does not end in time is 202; a long wait is cut; a malformed one is ignored', async () => {
      const { a } = world();
      const begun = performance.now();
      const late = await a.api.start('e2e/slow', {}, { prefer: 'wait=1' });
      expect([late.status, late.body.dispatch]).toEqual([202, 'hinted']);
      expect(performance.now() - begun).toBeGreaterThan(900);
      expect(late.headers['location']).toContain(late.body.id);
      const cut = await a.api.start('e2e/greet', { input: { name: 'x' } }, { prefer: 'wait=600' });
      expect([cut.status, cut.headers['preference-applied']]).toEqual([200, 'wait=60']);
      for (const prefer of ['wait=soon', 'wait', 'wait=-1', 'wait=1.5', 'respond-async', '']) {
        const answer = await a.api.start('e2e/greet', { input: { name: 'x' } }, { prefer });
        expect([prefer, answer.status]).toEqual([prefer, 202]);
        expect(answer.headers['preference-applied']).toBeUndefined();
      }
    });

    test('a wait is answered when the execution ends, not when the time is up', async () => {
      const { a } = world();
      const answer = await a.api.start('e2e/short', {}, { prefer: 'wait=50' });
      expect([answer.status, answer.body.output]).toEqual([200, { waited: true }]);
    });

    test('the alias starts the flow that its body names', async () => {
      const { a } = world();
      const named = { flow: { namespace: 'e2e', name: 'greet' }, input: { name: 'Cy' } };
      const done = await a.api.post('/workflows/execute', {
        json: named,
        headers: { prefer: 'wait=30' },
      });
      expect([done.status, done.body.output]).toEqual([200, { text: 'Hello, Cy' }]);
      const started = await a.api.post('/workflows/execute', {
        json: { ...named, mode: 'realtime' },
      });
      expect([started.status, started.headers['location']]).toEqual([
        202,
        expect.stringContaining(started.body.id),
      ]);
      expectProblem(await a.api.post('/workflows/execute', { json: { input: 1 } }), 422);
      const unknown = { flow: { namespace: 'e2e', name: 'none' } };
      expectProblem(await a.api.post('/workflows/execute', { json: unknown }), 404, 'flow.unknown');
    });

    test('what cannot be started is refused, and nothing is stored', async () => {
      const { a, shape } = world();
      const rows = await storedRows(shape, a.id);
      const wrong = await a.api.start('e2e/strict', { input: { count: 'many', deep: ['a', 5] } });
      expectProblem(wrong, 422, 'input.invalid');
      expect(wrong.body.errors.map(({ pointer }) => pointer).sort()).toEqual([
        '#/count',
        '#/deep/1',
      ]);
      expectProblem(await a.api.start('e2e/strict', {}), 422);
      expectProblem(await a.api.start('e2e/none'), 404, 'flow.unknown');
      expectProblem(
        await a.api.start('e2e/greet', { version: '7.0.0' }),
        404,
        'flow.version_unknown',
      );
      expectProblem(await a.api.start('e2e/greet', { mode: 'fast' }), 422);
      expectProblem(await a.api.start('e2e/greet', { version: 5 }), 422);
      expectProblem(await a.api.start('e2e/greet', ['list']), 422);
      expect(await storedRows(shape, a.id)).toEqual(rows);
    });

    test('every mode is taken and kept', async () => {
      const { a } = world();
      for (const mode of ['realtime', 'balanced', 'eco']) {
        const { status, body } = await a.api.start('e2e/greet', { input: { name: mode }, mode });
        expect([mode, status]).toEqual([mode, 202]);
        expect((await a.api.get(`/v1/executions/${body.id}`)).body).toMatchObject({ mode });
      }
    });

    test('a request without a body starts with an empty input', async () => {
      const { a } = world();
      const answer = await a.api.post('/v1/flows/e2e/short/executions');
      expect(answer.status).toBe(202);
      expect((await a.api.get(`/v1/executions/${answer.body.id}`)).body).toMatchObject({
        input: {},
      });
    });

    test('any JSON passes unharmed as input, or is refused', async () => {
      const { a } = world();
      await a.api.apply(flow('echo', [{ same: { set: { value: '${ $workflow.input.value }' } } }]));
      const values = [
        '\u0000',
        '\ud800',
        'ünïcödé 🙂',
        1e300,
        -0.5,
        null,
        [],
        { '': { __proto__x: [1] } },
      ];
      for (const value of values) {
        const raw = JSON.stringify({ input: { value } });
        const answer = await a.api.post('/v1/flows/e2e/echo/executions', {
          raw,
          headers: { 'content-type': 'application/json', prefer: 'wait=30' },
        });
        expect([raw, answer.status, answer.body.output]).toEqual([raw, 200, { value }]);
      }
      const poisonedKey = '{"input": {"value": {"__proto__": {"polluted": true}}}}';
      const answer = await a.api.post('/v1/flows/e2e/echo/executions', {
        raw: poisonedKey,
        headers: { 'content-type': 'application/json', prefer: 'wait=30' },
      });
      expect(answer.text).toContain('"__proto__"');
    });

    test('a call sends its effect key and the trace; a sub-flow wakes its parent', async () => {
      const { a, target } = world();
      const trace = 'b'.repeat(32);
      const answer = await a.api.start(
        'e2e/calls',
        { input: {} },
        {
          prefer: 'wait=30',
          traceparent: `00-${trace}-00f067aa0ba902b7-01`,
        },
      );
      const [call] = target.callsOf('/calls').slice(-1);
      expect(answer.body.output).toMatchObject({ calls: { first: { key: call?.key, nth: 1 } } });
      expect(call?.key).toMatch(/^[\x21-\x7e]{8,}$/);
      expect(call?.headers['traceparent']).toMatch(new RegExp(`^00-${trace}-[0-9a-f]{16}-`));
      const parent = await a.api.run('e2e/parent');
      expect([parent.status, parent.body.output]).toEqual([200, { text: 'Hello, child' }]);
    });

    test('the history says what happened, in order', async () => {
      const { a } = world();
      const { body } = await a.api.run('e2e/faults');
      const history = await a.api.get(`/v1/executions/${body.id}/history`);
      expect(history.status).toBe(200);
      const { items } = history.body;
      for (const item of items) {
        expect(historyTypes).toContain(item.type);
        expect(item.at).toMatch(time);
      }
      const sequences = items.map(({ sequence }) => sequence);
      expect(sequences).toEqual([...sequences].sort((x, y) => x - y));
      expect(new Set(sequences).size).toBe(sequences.length);
      expect(items.map(({ type, task }) => [type, task])).toEqual([
        ['executionStarted', undefined],
        ['taskStarted', '/do/0/x'],
        ['taskCompleted', '/do/0/x'],
        ['taskStarted', '/do/1/bad'],
        ['taskFaulted', '/do/1/bad'],
        ['executionEnded', undefined],
      ]);
      const short = await a.api.run('e2e/short');
      const waited = await a.api.get(`/v1/executions/${short.body.id}/history`);
      expect(waited.body.items.map(({ type }) => type)).toContain('executionWaiting');
    });

    test('executions are listed newest first, filtered, page by page, without inputs and outputs', async () => {
      const { b } = world();
      await b.api.apply(greet);
      await b.api.apply(flow('other', [set('x', { ok: true })]));
      const ids: string[] = [];
      for (let n = 0; n < 5; n += 1) {
        ids.unshift((await b.api.run('e2e/greet', { name: String(n) })).body.id);
      }
      await b.api.run('e2e/other');
      const seen: string[] = [];
      let cursor: string | undefined;
      do {
        const query = cursor === undefined ? '' : `&cursor=${encodeURIComponent(cursor)}`;
        const { status, body } = await b.api.get(`/v1/executions?flow=e2e/greet&limit=2${query}`);
        expect(status).toBe(200);
        expect(body.items.length).toBeLessThanOrEqual(2);
        for (const item of body.items) {
          expect(item).toEqual({
            id: expect.any(String),
            status: 'completed',
            flow: { namespace: 'e2e', name: 'greet', version: '1.0.0' },
            mode: 'balanced',
            createdAt: expect.any(String),
            startedAt: expect.any(String),
            endedAt: expect.any(String),
          });
        }
        seen.push(...body.items.map(({ id }) => id));
        cursor = body.nextCursor;
      } while (cursor !== undefined);
      expect(seen).toEqual(ids);
      expect((await b.api.get('/v1/executions?status=faulted')).body.items).toEqual([]);
      expect((await b.api.get('/v1/executions?status=completed')).body.items).toHaveLength(6);
      for (const query of ['status=done', 'flow=e2e', 'limit=0', 'limit=99999', 'cursor=xyz']) {
        expectProblem(await b.api.get(`/v1/executions?${query}`), 400);
      }
    });

    test('an execution is cancelled once, and what ended cannot be', async () => {
      const { a } = world();
      const { body } = await a.api.start('e2e/slow');
      const cancelled = await a.api.post(`/v1/executions/${body.id}/cancel`);
      expect([cancelled.status, cancelled.body.id]).toEqual([202, body.id]);
      expect(cancelled.body).toMatchObject({ flow: { name: 'slow' }, mode: 'balanced', input: {} });
      expect(await ended(a.api, body.id)).toBe('cancelled');
      expectProblem(await a.api.post(`/v1/executions/${body.id}/cancel`), 409, 'execution.final');
      const done = await a.api.run('e2e/greet', { name: 'x' });
      expectProblem(await a.api.post(`/v1/executions/${done.body.id}/cancel`), 409);
    });

    test('an id that is none, or unknown, is 404', async () => {
      const { a } = world();
      const unknown = ['01900000-0000-7000-8000-000000000000', 'nonsense', "1' OR '1'='1", '%00'];
      for (const id of unknown) {
        expectProblem(await a.api.get(`/v1/executions/${encodeURIComponent(id)}`), 404);
        expectProblem(await a.api.get(`/v1/executions/${encodeURIComponent(id)}/history`), 404);
        expectProblem(await a.api.post(`/v1/executions/${encodeURIComponent(id)}/cancel`), 404);
      }
    });
  });
}
