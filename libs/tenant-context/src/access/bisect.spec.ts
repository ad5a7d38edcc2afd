import { OperationalError, UserError } from '@easyflow/kernel-errors';
import { bisect } from './bisect';

describe('bisect', () => {
  const many = Array.from({ length: 100 }, (_, index) => index);

  it('flushes once when nothing is wrong', async () => {
    const flush = jest.fn(async (items: readonly number[]) => items.map((item) => item * 2));
    const outcome = await bisect(many, flush);
    expect(outcome.map(({ item, result }) => [item, result])).toEqual(many.map((n) => [n, n * 2]));
    expect(flush).toHaveBeenCalledTimes(1);
    expect(await bisect([], flush)).toEqual([]);
  });

  it('finds the poison and commits the others, once each', async () => {
    const committed: number[] = [];
    const poison = new Set([3, 4, 77]);
    const outcome = await bisect(many, async (items) => {
      if (items.some((item) => poison.has(item))) throw new UserError('poison', 'poison');
      committed.push(...items);
      return items.map(() => 'done');
    });
    expect(outcome.filter(({ error }) => error).map(({ item }) => item)).toEqual([3, 4, 77]);
    expect(outcome.map(({ item }) => item)).toEqual(many);
    expect(committed.sort((a, b) => a - b)).toEqual(many.filter((item) => !poison.has(item)));
  });

  it('does not halve when the database is down', async () => {
    const flush = jest.fn(async () => {
      throw new OperationalError('database.unavailable', 'down');
    });
    await expect(bisect(many, flush)).rejects.toMatchObject({ code: 'database.unavailable' });
    expect(flush).toHaveBeenCalledTimes(1);
  });

  it.each([
    ['whose token has expired', 'token.expired'],
    ['that met another in a deadlock', 'database.contended'],
  ])('isolates a member %s although that may be retried', async (_, code) => {
    const outcome = await bisect(many, async (items) => {
      if (items.includes(50)) throw new OperationalError(code, 'again');
      return items.map(() => 'done');
    });
    expect(outcome.filter(({ error }) => error).map(({ item }) => item)).toEqual([50]);
  });
});
