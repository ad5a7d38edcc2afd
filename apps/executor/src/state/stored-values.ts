import { mapData, type ExecutionState, type Json } from '@easyflow/engine';
import { liveRows } from './live-rows';
import {
  INPUT_ROW,
  STORAGE_FORMAT,
  type Path,
  type Ref,
  type StoredState,
  type ValueRow,
} from './stored-state';
import {
  refTo,
  ValueIndex,
  type Divided as DividedValue,
  type Place,
  type Row,
} from './value-index';
import { isWithin, LARGE, SMALL_STATE } from './value-size';

/** What a checkpoint writes of a state. */
export interface StateRows {
  /** For the column `state`. */
  readonly state: string | null;
  /** Rows of `execution_values` to insert and, by id, to delete. */
  readonly added: readonly ValueRow[];
  readonly removed: readonly number[];
}

const NONE: readonly never[] = [];
const WHOLE: Path = [];
const EMPTY: ReadonlySet<number> = new Set();

/** All is written anew when more than this, and more than what is needed, is kept for the sake of parts of it. */
const MOST_GARBAGE = 64 * 1_024;
/** And when a state has so many rows. */
const MOST_ROWS = 10_000;

/** A row as it was read, its value complete. */
export interface RestoredRow {
  readonly id: number;
  readonly value: Json;
}

/**
 * The values of one execution that are stored beside its state. Each is written once; states refer to it, and so do
 * values that were made of it. The rows in the database are at any time exactly those that the stored state needs.
 */
export class StoredValues {
  private indexed: Indexed | undefined;
  /** Ids of the rows that are stored, or will be with the checkpoint that was taken last. */
  private stored: ReadonlySet<number> = EMPTY;
  private nextId = 1;
  /** What was read with the state and is not in the index yet: many executions end without another checkpoint. */
  private restored: readonly RestoredRow[] = NONE;

  constructor(private readonly input: Json) {}

  /** The rows that were read with the state, by id. */
  restore(rows: readonly RestoredRow[]): void {
    this.restored = rows;
    this.stored = new Set(rows.map(({ id }) => id));
    this.nextId = (rows.at(-1)?.id ?? 0) + 1;
  }

  /** Characters of what the last checkpoint's state refers to; none when it was stored whole. */
  get size(): number {
    let size = this.indexed?.inputSize ?? 0;
    for (const row of this.indexed?.rows.values() ?? []) size += row.size;
    return size;
  }

  /** What is to be written of a state. @throws RangeError when a value is nested too deeply to be written */
  write(state: ExecutionState): StateRows {
    // Once its values are known they are not looked at again.
    const isNew = !this.indexed && this.restored.length === 0;
    if (isNew && isWithin(state as unknown as Json, SMALL_STATE)) return this.writeWhole(state);
    try {
      return this.writeDivided(state);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      // What is too deep for the walk may be not too deep for JSON.stringify.
      return this.writeWhole(state);
    }
  }

  /** What the end of the execution writes: no state, and no row. Nothing is forgotten: a wake may keep it from ending. */
  end(): StateRows {
    const removed = this.stored.size === 0 ? NONE : [...this.stored];
    return { state: null, added: NONE, removed };
  }

  private writeWhole(state: ExecutionState): StateRows {
    const text = JSON.stringify(state);
    this.forget();
    return { state: text, added: NONE, removed: this.replaceStored(EMPTY) };
  }

  private writeDivided(state: ExecutionState): StateRows {
    let parts = this.prepare();
    let division = this.divide(state, parts);
    let live = liveRows(division.uses);
    if (live.garbage > Math.max(MOST_GARBAGE, live.size / 2) || live.rows.size > MOST_ROWS) {
      this.forget();
      parts = this.prepare();
      division = this.divide(state, parts);
      live = liveRows(division.uses);
    }
    const { index, rows } = parts;
    const { refs, bare, added } = division;
    const stored: StoredState = { storage: STORAGE_FORMAT, size: live.size, refs, state: bare };
    const text = JSON.stringify(refs.length === 0 ? state : stored);
    for (const [id, row] of rows) {
      if (live.rows.has(row)) continue;
      index.remove(row);
      rows.delete(id);
    }
    return {
      state: text,
      added: added.filter(({ id }) => rows.has(id)),
      removed: this.replaceStored(new Set(rows.keys())),
    };
  }

  /** Says what is stored from now on; gives what is not any more. */
  private replaceStored(ids: ReadonlySet<number>): readonly number[] {
    const { stored } = this;
    this.stored = ids;
    return stored.size === 0 ? NONE : [...stored].filter((id) => !ids.has(id));
  }

  /** Brings what is stored into the index, once. */
  private prepare(): Indexed {
    if (this.indexed) return this.indexed;
    const index = new ValueIndex();
    const isSmall = isWithin(this.input, LARGE);
    const inputSize = isSmall ? 0 : index.add(INPUT_ROW, this.input).row.size;
    const rows = new Map(this.restored.map(({ id, value }) => [id, index.add(id, value).row]));
    this.restored = NONE;
    this.indexed = { index, rows, inputSize };
    return this.indexed;
  }

  private divide(state: ExecutionState, parts: Indexed): Divided {
    const refs: Ref[] = [];
    const uses: Place[] = [];
    const added: ValueRow[] = [];
    const to = { refs, uses, added };
    const bare = mapData(state, (value, path) => this.place(value, path, to, parts));
    return { bare, refs, uses, added };
  }

  /** Gives what stands in the state instead of a value of it. */
  private place(value: Json, at: Path, to: Omit<Divided, 'bare'>, parts: Indexed): Json {
    const { index, rows } = parts;
    let known = index.find(value);
    if (!known) {
      if (index.isSmall(value)) return value;
      const { row, bare, refs } = index.add(this.nextId, value);
      if (row.size < LARGE) {
        index.remove(row);
        return this.placeInline(index.strip(value), at, to);
      }
      this.nextId += 1;
      rows.set(row.id, row);
      to.added.push({
        id: row.id,
        value: JSON.stringify(bare),
        refs: refs.length > 0 ? JSON.stringify(refs) : null,
      });
      known = { row, path: WHOLE, size: row.size };
    }
    to.uses.push(known);
    to.refs.push(refTo(known, at));
    return null;
  }

  /** Little but references: it is written with the state. */
  private placeInline(
    { row, bare, refs }: DividedValue,
    at: Path,
    to: Omit<Divided, 'bare'>,
  ): Json {
    to.uses.push(...row.uses);
    to.refs.push(...refs.map(([inner, ...place]): Ref => [[...at, ...inner], ...place]));
    return bare;
  }

  private forget(): void {
    this.restored = NONE;
    this.indexed = undefined;
  }
}

/** What is known of stored values; made when a state is divided, so a small one costs nothing. */
interface Indexed {
  readonly index: ValueIndex;
  readonly rows: Map<number, Row>;
  readonly inputSize: number;
}

interface Divided {
  readonly bare: ExecutionState;
  readonly refs: Ref[];
  /** The places behind them. */
  readonly uses: Place[];
  readonly added: ValueRow[];
}
