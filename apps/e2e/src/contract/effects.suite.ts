import { waitFor } from '@easyflow/testing';
import { callHttp, flow, set } from '../flows';
import { diagnosed } from '../shape/diagnosed';
import { ended } from './executions.suite';
import type { WorldOf } from './world';

/** Calls that a flow makes: their keys, and what ends them. */
export function effectsSuite(world: WorldOf): void {
  const test = diagnosed(() => world().shape);

  describe('effects', () => {
    test('a cancel while a call is in flight is not lost, and nothing follows the call', async () => {
      const { a, target } = world();
      const open = target.hold('/held');
      const next = `${target.url}/never`;
      await a.api.apply(
        flow('held', [callHttp('first', `${target.url}/held`), callHttp('second', next)]),
      );
      const { body } = await a.api.start('e2e/held');
      await waitFor(() => target.callsOf('/held').length === 1, { describe: 'the call' });
      expect((await a.api.post(`/v1/executions/${body.id}/cancel`)).status).toBe(202);
      expect(await ended(a.api, body.id)).toBe('cancelled');
      open();
      expect(target.callsOf('/never')).toEqual([]);
    });

    test('a cancel that was answered 202 ends in cancelled, however soon the call ends', async () => {
      const { a, target } = world();
      await a.api.apply(
        flow('ending', [
          callHttp('first', `${target.url}/ending`),
          callHttp('second', `${target.url}/followed`),
        ]),
      );
      target.answer = ({ path }) => (path === '/ending' ? { delayMs: 300 } : {});
      const started = await Promise.all(
        Array.from({ length: 40 }, () => a.api.start('e2e/ending')),
      );
      await waitFor(() => target.callsOf('/ending').length === 40, { describe: 'the calls' });
      // Spread over the time in which the calls end.
      const answers = await Promise.all(
        started.map(async ({ body }, n) => {
          await new Promise((resolve) => setTimeout(resolve, n * 10));
          const { status } = await a.api.post(`/v1/executions/${body.id}/cancel`);
          return { id: body.id, status };
        }),
      );
      const ends = await Promise.all(answers.map(({ id }) => ended(a.api, id)));
      const accepted = answers.flatMap(({ status }, n) => (status === 202 ? [ends[n]] : []));
      expect(accepted.length).toBeGreaterThan(0);
      expect(accepted).toEqual(accepted.map(() => 'cancelled'));
      const refused = answers.flatMap(({ status }, n) => (status === 202 ? [] : [status, ends[n]]));
      expect(refused).toEqual(refused.map((_, n) => (n % 2 === 0 ? 409 : 'completed')));
    });

    test('a cancel reaches a running execution at once, not when somebody looks', async () => {
      const { a, target } = world();
      const open = target.hold('/hanging');
      await a.api.apply(flow('hanging', [callHttp('only', `${target.url}/hanging`)]));
      const took: number[] = [];
      for (let n = 0; n < 15; n += 1) {
        const { body } = await a.api.start('e2e/hanging');
        await waitFor(() => target.callsOf('/hanging').length === n + 1, { describe: 'the call' });
        const began = performance.now();
        expect((await a.api.post(`/v1/executions/${body.id}/cancel`)).status).toBe(202);
        await waitFor(
          async () => (await a.api.get(`/v1/executions/${body.id}`)).body.status === 'cancelled',
          { describe: 'the cancellation', every: 5 },
        );
        took.push(performance.now() - began);
      }
      open();
      // By the look once a second the median was half a second; told, it is some 20 ms on an idle machine.
      const median = took.sort((one, other) => one - other)[7] ?? Infinity;
      expect(median).toBeLessThan(400);
    });

    test('a jump back makes new calls with new keys, a retry too', async () => {
      const { a, target } = world();
      target.answer = ({ path }) =>
        path === '/flaky' && target.callsOf('/flaky').length < 3 ? { status: 503 } : {};
      await a.api.apply(
        flow('jumps', [
          set('begin', { n: 0 }),
          {
            call: {
              call: 'http',
              with: { method: 'post', endpoint: `${target.url}/jump` },
              output: { as: '${ { n: ($context.n // 0) } }' },
            },
          },
          { count: { set: { n: '${ .n + 1 }' }, export: { as: '${ $output }' } } },
          {
            again: {
              switch: [{ more: { when: '.n < 3', then: 'call' } }, { done: { then: 'end' } }],
            },
          },
        ]),
      );
      const jumps = await a.api.run('e2e/jumps');
      expect([jumps.body.status, jumps.body.output]).toEqual(['completed', { n: 3 }]);
      expect(new Set(target.callsOf('/jump').map(({ key }) => key)).size).toBe(3);
      await a.api.apply(
        flow('retries', [
          {
            attempt: {
              try: [
                {
                  call: { call: 'http', with: { method: 'get', endpoint: `${target.url}/flaky` } },
                },
              ],
              catch: { retry: { delay: { milliseconds: 10 }, limit: { attempt: { count: 5 } } } },
            },
          },
        ]),
      );
      const retries = await a.api.run('e2e/retries');
      expect(retries.body.status).toBe('completed');
      expect(new Set(target.callsOf('/flaky').map(({ key }) => key)).size).toBe(3);
      target.answer = () => ({});
    });
  });
}
