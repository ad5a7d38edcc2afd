import { setImmediate } from 'node:timers/promises';
import { restoreHistory } from '@easyflow/engine';

/** Rows of the history in order, as they are stored. */
export interface StoredHistory {
  segment: number;
  /** Stored items: JSON text. */
  items: string;
}

export interface HistoryRange {
  /** Only items with a larger sequence. */
  after: number;
  /** Items of the page at most. */
  limit: number;
}

/** A page of this much text is given with fewer items: an item of a failed task may hold a megabyte. */
const PAGE_CHARACTERS = 2_000_000;

/**
 * JSON text of a page of the history. Rows are asked for as the page goes on, and a read is over before the next row is
 * restored, so a page holds no connection and no more than its own text and a few rows. A row of a megabyte takes 10 ms
 * to restore: others have their turn in between.
 * @param read the rows from the one with a sequence on, then those behind a segment; none at the end
 * @returns undefined when there is no history
 */
export async function historyPage(
  { after, limit }: HistoryRange,
  read: (from: { sequence: number } | { behind: number }) => Promise<StoredHistory[]>,
): Promise<string | undefined> {
  const texts: string[] = [];
  let characters = 0;
  let last: number | undefined;
  let rows = await read({ sequence: after + 1 });
  if (rows.length === 0) return undefined;
  while (rows.length > 0) {
    for (const { segment, items } of rows) {
      await setImmediate();
      for (const item of restoreHistory(segment, items)) {
        if (item.sequence <= after) continue;
        if (last !== undefined && (texts.length === limit || characters >= PAGE_CHARACTERS)) {
          return `{"items":[${texts.join(',')}],"nextAfter":${last}}`;
        }
        const text = JSON.stringify(item);
        texts.push(text);
        characters += text.length;
        last = item.sequence;
      }
    }
    rows = await read({ behind: rows.at(-1)?.segment ?? after });
  }
  return `{"items":[${texts.join(',')}]}`;
}
