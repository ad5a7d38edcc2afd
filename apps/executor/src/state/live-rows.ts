import { INPUT_ROW } from './stored-state';
import type { Place, Row } from './value-index';

/** The rows that a state needs, and how much of what they hold nothing needs. */
export interface LiveRows {
  readonly rows: ReadonlySet<Row>;
  /** Characters of all of them. */
  readonly size: number;
  readonly garbage: number;
}

/** Follows references from those of a state. A row of which only a part is referred to is kept whole. */
export function liveRows(uses: readonly Place[]): LiveRows {
  const needed = new Map<Row, Map<Place['path'], number>>();
  const work = [...uses];
  for (let place = work.pop(); place; place = work.pop()) {
    const { row, path, size } = place;
    if (row.id === INPUT_ROW) continue;
    let parts = needed.get(row);
    if (!parts) {
      parts = new Map<Place['path'], number>();
      needed.set(row, parts);
      for (const used of row.uses) work.push(used);
    }
    // The path is one object a place, so a part that is referred to twice counts once.
    parts.set(path, size);
  }
  let size = 0;
  let used = 0;
  for (const [row, parts] of needed) {
    size += row.size;
    used += Math.min(row.size, sum(parts.values()));
  }
  return { rows: new Set(needed.keys()), size, garbage: size - used };
}

function sum(numbers: Iterable<number>): number {
  let total = 0;
  for (const number of numbers) total += number;
  return total;
}
