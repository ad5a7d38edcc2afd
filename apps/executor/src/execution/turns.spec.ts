import { waitFor } from '@easyflow/testing';
import { Turns } from './turns';

describe('Turns', () => {
  it('are taken in order of a tenant, and one that comes back waits behind its others', async () => {
    const taken: string[] = [];
    const turns = new Turns<string>(
      (item) => {
        taken.push(item);
        if (item === 'long' && taken.length < 6) turns.add('t', 'long');
      },
      () => 0,
    );
    for (const item of ['long', 'a', 'b']) turns.add('t', item);

    await waitFor(() => turns.empty && taken.length >= 5, { describe: 'all turns', every: 1 });
    expect(taken.slice(0, 4)).toEqual(['long', 'a', 'b', 'long']);
  });

  it('are of one tenant after the other', async () => {
    const taken: string[] = [];
    const turns = new Turns<string>(
      (item) => {
        taken.push(item);
        // Pure work without end, of which each turn is one part.
        if (item.startsWith('noisy') && taken.length < 100) turns.add('noisy', item);
      },
      () => 0,
    );
    for (const item of ['noisy1', 'noisy2', 'noisy3']) turns.add('noisy', item);
    turns.add('quiet', 'quiet');

    await waitFor(() => turns.empty && taken.length >= 100, { describe: 'all turns', every: 1 });
    expect(taken.slice(0, 3)).toEqual(['noisy1', 'quiet', 'noisy2']);
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
    for (const item of ['a', 'b', 'c']) turns.add('t', item);
    setImmediate(() => order.push('event loop'));

    await waitFor(() => order.length === 4, { describe: 'all turns', every: 1 });
    expect(order).toEqual(['a', 'b', 'event loop', 'c']);
  });
});
