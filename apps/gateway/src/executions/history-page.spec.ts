import { storeHistory, type HistoryItem } from '@easyflow/engine';
import fc from 'fast-check';
import { historyPage, type HistoryRange, type StoredHistory } from './history-page';

const at = '2026-01-01T00:00:00.000Z';

function item(sequence: number, more: object = {}): HistoryItem {
  return { sequence, type: 'taskFaulted', task: '/do/0/a', at, ...more };
}

/** A history of segments of these lengths, and what is read of it, a few rows at a time. */
function stored(lengths: readonly number[], more?: object) {
  let sequence = 0;
  const items: HistoryItem[] = [];
  const rows = lengths.map((length): StoredHistory => {
    const own = Array.from({ length }, () => item((sequence += 1), more));
    items.push(...own);
    return { segment: own[0]?.sequence ?? 0, items: storeHistory(own) };
  });
  const reads: number[] = [];
  const read: Parameters<typeof historyPage>[1] = async (from) => {
    const first =
      'sequence' in from
        ? Math.max(
            0,
            rows.findLastIndex(({ segment }) => segment <= from.sequence),
          )
        : rows.findIndex(({ segment }) => segment > from.behind);
    const found = first < 0 ? [] : rows.slice(first, first + 2);
    reads.push(...found.map(({ segment }) => segment));
    return found;
  };
  const page = async (range: HistoryRange) => {
    const text = await historyPage(range, read);
    return text === undefined
      ? undefined
      : (JSON.parse(text) as { items: HistoryItem[]; nextAfter?: number });
  };
  return { items, page, reads };
}

describe('historyPage', () => {
  it('is undefined where there is no history', async () => {
    expect(await stored([]).page({ after: 0, limit: 10 })).toBeUndefined();
  });

  it('is the whole history where it fits, without a next page', async () => {
    const { items, page } = stored([3, 1, 4]);
    expect(await page({ after: 0, limit: 8 })).toEqual({ items });
  });

  it('ends with a page after the last item', async () => {
    const { page } = stored([3, 1, 4]);
    expect(await page({ after: 8, limit: 8 })).toEqual({ items: [] });
    expect(await page({ after: 1_000, limit: 8 })).toEqual({ items: [] });
  });

  it('reads no row before the page and none behind it but those that came with its last', async () => {
    const { page, reads } = stored(Array.from({ length: 100 }, () => 2));
    await page({ after: 101, limit: 3 });
    expect(reads).toEqual([101, 103, 105, 107]);
  });

  it('has fewer items where they are long, and at least one', async () => {
    const { items, page } = stored([2, 2, 2], { error: 'x'.repeat(1_500_000) });
    expect(await page({ after: 0, limit: 10 })).toEqual({ items: items.slice(0, 2), nextAfter: 2 });
    const long = stored([2], { error: 'x'.repeat(3_000_000) });
    expect(await long.page({ after: 0, limit: 10 })).toEqual({
      items: long.items.slice(0, 1),
      nextAfter: 1,
    });
  });

  it('lets others have their turn between two rows', async () => {
    const { page } = stored(Array.from({ length: 20 }, () => 1));
    let turns = 0;
    const turn = (): void => {
      turns += 1;
      timer = setImmediate(turn);
    };
    let timer = setImmediate(turn);
    await page({ after: 0, limit: 20 });
    clearImmediate(timer);
    expect(turns).toBeGreaterThanOrEqual(19);
  });

  it('gives every item once, in order, whatever the rows and the pages are', async () => {
    const rows = fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(rows, fc.integer({ min: 1, max: 12 }), async (lengths, limit) => {
        const { items, page } = stored(lengths);
        const seen: HistoryItem[] = [];
        let after: number | undefined = 0;
        while (after !== undefined) {
          const got: Awaited<ReturnType<typeof page>> = await page({ after, limit });
          expect(got?.items.length ?? 0).toBeLessThanOrEqual(limit);
          seen.push(...(got?.items ?? []));
          after = got?.nextAfter;
        }
        expect(seen).toEqual(items);
      }),
    );
  });
});
