import { flow, greet, set, wait } from '../flows';
import { diagnosed } from '../shape/diagnosed';
import { expectProblem } from './expectations';
import type { WorldOf } from './world';

/** Requests with an Idempotency-Key. */
export function idempotencySuite(world: WorldOf): void {
  const test = diagnosed(() => world().shape);
  let made = 0;
  const newKey = () => `key-${(made += 1)}-${'~'.repeat(10)}`;
  const input = { input: { name: 'Ida', more: [1, { x: 2 }] } };

  describe('idempotency', () => {
    beforeAll(async () => {
      const { a, b } = world();
      const flows = [
        greet,
        flow('second', [set('x', { ok: true })]),
        flow('later', [wait('pause', 'PT1S'), set('x', { done: true })]),
      ];
      for (const each of flows) await a.api.apply(each);
      await b.api.apply(greet);
    });

    test('concurrent duplicates get the same id, and there is one execution', async () => {
      const { a, shape } = world();
      const key = newKey();
      const before = await shape.count('SELECT count(*) FROM executions WHERE tenant_id = $1', [
        a.id,
      ]);
      const answers = await Promise.all(
        Array.from({ length: 30 }, () =>
          a.api.start('e2e/greet', input, { 'idempotency-key': key }),
        ),
      );
      expect([...new Set(answers.map(({ status }) => status))]).toEqual([202]);
      expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
      const after = await shape.count('SELECT count(*) FROM executions WHERE tenant_id = $1', [
        a.id,
      ]);
      expect(after - before).toBe(1);
    });

    test('the parsed body counts, not how it is written; quoted and bare are equal', async () => {
      const { a } = world();
      const key = newKey();
      const first = await a.api.start('e2e/greet', input, { 'idempotency-key': key });
      const forms = [
        '{"input":{"more":[1.0,{"x":2}],"name":"Ida"}}',
        JSON.stringify(input, null, 4),
      ];
      for (const raw of forms) {
        const again = await a.api.post('/v1/flows/e2e/greet/executions', {
          raw,
          headers: { 'content-type': 'application/json', 'idempotency-key': `"${key}"` },
        });
        expect([again.status, again.body.id]).toEqual([202, first.body.id]);
      }
      const alias = await a.api.post('/workflows/execute', {
        json: { flow: { name: 'greet', namespace: 'e2e' }, ...input },
        headers: { 'idempotency-key': key },
      });
      expect([alias.status, alias.body.id]).toEqual([202, first.body.id]);
    });

    test('another body or flow is 422', async () => {
      const { a } = world();
      const key = { 'idempotency-key': newKey() };
      await a.api.start('e2e/greet', input, key);
      const others = [
        await a.api.start('e2e/greet', { input: { name: 'Eva' } }, key),
        await a.api.start('e2e/greet', { ...input, mode: 'realtime' }, key),
        await a.api.start('e2e/second', input, key),
        await a.api.start('e2e/greet', { input: { name: 'Eva' } }, { ...key, prefer: 'wait=5' }),
      ];
      for (const answer of others) expectProblem(answer, 422, 'idempotency.mismatch');
      const concurrent = { 'idempotency-key': newKey() };
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, n) =>
          a.api.start('e2e/greet', { input: { name: `n${n % 2}` } }, concurrent),
        ),
      );
      const accepted = answers.filter(({ status }) => status === 202);
      expect(new Set(accepted.map(({ body }) => body.id)).size).toBe(1);
      expect(accepted).toHaveLength(10);
      for (const answer of answers)
        if (answer.status !== 202) expectProblem(answer, 422, 'idempotency.mismatch');
    });

    test('a replay tells the current status and the first dispatch, with Prefer the result', async () => {
      const { a } = world();
      const key = { 'idempotency-key': newKey() };
      const first = await a.api.start('e2e/later', {}, key);
      const running = await a.api.start('e2e/later', {}, key);
      expect([running.status, running.body.id, running.body.dispatch]).toEqual([
        202,
        first.body.id,
        first.body.dispatch,
      ]);
      const waited = await a.api.start('e2e/later', {}, { ...key, prefer: 'wait=30' });
      expect([waited.status, waited.body]).toEqual([
        200,
        { id: first.body.id, status: 'completed', output: { done: true } },
      ]);
      const late = await a.api.start('e2e/later', {}, key);
      expect([late.status, late.body]).toEqual([
        202,
        { id: first.body.id, status: 'completed', dispatch: first.body.dispatch },
      ]);
      const preferred = await a.api.start('e2e/later', {}, { ...key, prefer: 'wait=1' });
      expect([preferred.status, preferred.body.output]).toEqual([200, { done: true }]);
    });

    test('a replay answers the first execution also when another version is active since', async () => {
      const { a } = world();
      await a.api.apply(flow('moves', [set('x', { version: 1 })]));
      const key = { 'idempotency-key': newKey() };
      const first = await a.api.start('e2e/moves', {}, key);
      await a.api.apply(flow('moves', [set('x', { version: 2 })], {}, '2.0.0'));
      const again = await a.api.start('e2e/moves', {}, { ...key, prefer: 'wait=20' });
      expect([again.body.id, again.body.output]).toEqual([first.body.id, { version: 1 }]);
    });

    test('a key is its tenant’s own, and only an accepted execution binds it', async () => {
      const { a, b } = world();
      const key = { 'idempotency-key': newKey() };
      expectProblem(await a.api.start('e2e/none', input, key), 404);
      expectProblem(await a.api.start('e2e/greet', { mode: 'bad' }, key), 422, 'request.invalid');
      const mine = await a.api.start('e2e/greet', input, key);
      const theirs = await b.api.start('e2e/greet', { input: { name: 'B' } }, key);
      expect([mine.status, theirs.status]).toEqual([202, 202]);
      expect(mine.body.id).not.toBe(theirs.body.id);
    });

    test('a key that is none is 400', async () => {
      const { a } = world();
      for (const key of ['', '""', 'x'.repeat(256), 'with space', 'naïve', 'tab\there']) {
        const answer = await a.api.start('e2e/greet', input, { 'idempotency-key': key });
        expectProblem(answer, 400, 'idempotency.key_invalid');
      }
      const longest = await a.api.start('e2e/greet', input, { 'idempotency-key': 'x'.repeat(255) });
      expect(longest.status).toBe(202);
    });

    test('a key is kept for 24 hours', async () => {
      const { a, shape } = world();
      const key = newKey();
      await a.api.start('e2e/greet', input, { 'idempotency-key': key });
      const left = await shape.count(
        'SELECT extract(epoch FROM expires_at - now()) FROM idempotency_keys WHERE tenant_id = $1 AND key = $2',
        [a.id, key],
      );
      expect(left).toBeGreaterThan(23.9 * 3600);
      expect(left).toBeLessThanOrEqual(24 * 3600);
    });
  });
}
