import { waitFor } from '@easyflow/testing';
import { flow, set } from '../flows';
import { diagnosed } from '../shape/diagnosed';
import { expectProblem } from './expectations';
import type { WorldOf } from './world';

/** What a tenant used and what it costs. */
export function usageSuite(world: WorldOf): void {
  const test = diagnosed(() => world().shape);

  describe('usage', () => {
    test('completed executions are counted by hour, flow and mode, with their cost', async () => {
      const { shape } = world();
      const { api } = await shape.createTenant();
      expect((await api.get('/v1/usage')).body).toEqual({ items: [] });
      await api.apply(flow('first', [set('x', { ok: true })]));
      await api.apply(flow('second', [set('x', { ok: true })]));
      for (let n = 0; n < 3; n += 1) await api.run('e2e/first');
      await api.run('e2e/second', {}, { mode: 'realtime' });
      const usage = await waitFor(
        async () => {
          const { body } = await api.get('/v1/usage');
          return (
            body.items.reduce((sum, { executions }) => sum + executions, 0) === 4 && body.items
          );
        },
        { timeout: 10_000, describe: async () => `4 in ${(await api.get('/v1/usage')).text}` },
      );
      const sums = (name: string, mode: string) => {
        const items = usage.filter((item) => item.flow === `e2e/${name}` && item.mode === mode);
        return [
          items.reduce((sum, item) => sum + item.executions, 0),
          items.reduce((sum, item) => sum + Number(item.cost), 0),
        ];
      };
      expect(sums('first', 'balanced')).toEqual([3, expect.closeTo(0.0105, 10)]);
      expect(sums('second', 'realtime')).toEqual([1, expect.closeTo(0.004, 10)]);
      for (const item of usage) {
        expect(item).toEqual({
          hour: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:00:00\.000Z$/),
          flow: expect.any(String),
          mode: expect.any(String),
          executions: expect.any(Number),
          cost: expect.stringMatching(/^\d+(\.\d+)?$/),
        });
      }
      const past = await api.get('/v1/usage?from=2020-01-01T00:00:00Z&to=2020-02-01T00:00:00Z');
      expect([past.status, past.body]).toEqual([200, { items: [] }]);
      expectProblem(await api.get('/v1/usage?from=yesterday'), 400);
    });
  });
}
