import type { ExecutionState, Json } from '@easyflow/engine';
import { restoreState, type RestoredState } from './restore-state';
import { storedStateOf, type Ref } from './stored-state';
import { StoredValues, type StateRows } from './stored-values';

/** What the database holds of one execution's state; it refuses what the tables would refuse. */
export class ValueTable {
  readonly rows = new Map<number, { value: string; refs: string | null }>();
  state: string | null = null;
  /** Characters written so far. */
  written = 0;

  constructor(readonly input: Json) {}

  apply({ state, added, removed }: StateRows): void {
    for (const { id, value, refs } of added) {
      if (this.rows.has(id)) throw new Error(`Row ${id} is there already`);
      this.rows.set(id, { value, refs });
      this.written += value.length + (refs?.length ?? 0);
    }
    for (const id of removed) {
      if (!this.rows.delete(id)) throw new Error(`There is no row ${id}`);
    }
    this.state = state;
    this.written += state?.length ?? 0;
  }

  /** As another process loads it. */
  load(): RestoredState & { values: StoredValues } {
    const input = JSON.parse(JSON.stringify(this.input)) as Json;
    const values = new StoredValues(input);
    const column: unknown = JSON.parse(this.state ?? 'null');
    const stored = storedStateOf(column);
    if (!stored) return { state: column as ExecutionState, rows: [], values };
    const read = [...this.rows].reverse().map(([id, { value, refs }]) => ({
      id,
      value: JSON.parse(value) as Json,
      refs: JSON.parse(refs ?? 'null') as Ref[] | null,
    }));
    const restored = restoreState(stored, input, read);
    values.restore(restored.rows);
    return { ...restored, values };
  }

  /** Ids that the state and the rows name: exactly those must be there. */
  named(): Set<number> {
    const stored = storedStateOf(JSON.parse(this.state ?? 'null'));
    const lists = [...this.rows.values()].map(({ refs }) => JSON.parse(refs ?? '[]') as Ref[]);
    return new Set([...(stored?.refs ?? []), ...lists.flat()].map(([, row]) => row));
  }
}
