import { addCounts, sameCounts, type FlowCount } from './hour-counts';

const count = (name: string, mode: string, executions: string): FlowCount => ({
  namespace: 'shop',
  name,
  mode,
  executions,
});

describe('counts of an hour', () => {
  it('add up by flow and mode, beyond what a double holds', () => {
    expect(
      addCounts(
        [count('order', 'eco', '9007199254740993'), count('refund', 'eco', '1')],
        [count('order', 'eco', '2'), count('order', 'balanced', '3')],
      ),
    ).toEqual([
      count('order', 'eco', '9007199254740995'),
      count('refund', 'eco', '1'),
      count('order', 'balanced', '3'),
    ]);
  });

  it('are the same in whatever order, and not with another number', () => {
    const one = [count('order', 'eco', '1'), count('refund', 'eco', '2')];
    expect(sameCounts(one, one.toReversed())).toBe(true);
    expect(sameCounts(one, [count('order', 'eco', '1'), count('refund', 'eco', '3')])).toBe(false);
    expect(sameCounts(one, one.slice(1))).toBe(false);
  });
});
