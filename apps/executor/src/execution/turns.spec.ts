import { waitFor } from '@easyflow/testing';
import { Turns } from './turns';

describe('Turns', () => {
  it('are taken in order, and one that comes back waits behind the others', async () => {
    const taken: string[] = [];
    const turns = new Turns<string>(
      (item) => {
        taken.push(item);
        if (item === 'long' && taken.length < 6) turns.add('long');
      },
      () => 0,
    );
    for (const item of ['long', 'a', 'b']) turns.add(item);

    await waitFor(() => turns.empty && taken.length >= 5, { describe: 'all turns', every: 1 });
    expect(taken.slice(0, 4)).toEqual(['long', 'a', 'b', 'long']);
  });

  it('give the event loop its turn after a slice of time', async () => {
    let now = 0;
    const order: string[] = [];
    const turns = new Turns<string>(
      (item) => {
        order.push(item);
        now += 5;
      },
      () => now,
    );
    for (const item of ['a', 'b', 'c']) turns.add(item);
    setImmediate(() => order.push('event loop'));

    await waitFor(() => order.length === 4, { describe: 'all turns', every: 1 });
    expect(order).toEqual(['a', 'b', 'event loop', 'c']);
  });
});
