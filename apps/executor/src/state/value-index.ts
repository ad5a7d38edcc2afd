import type { Json } from '@easyflow/engine';
import { INPUT_ROW, type Path, type Ref } from './stored-state';
import { isWithin, LARGE, OWN_SIZE, PART, SCALAR_SIZE } from './value-size';

/** A value that is stored, or is about to be: a row of `execution_values`, or the input. */
export interface Row {
  readonly id: number;
  /** Characters of what stands in it, without what it refers to. */
  size: number;
  /** The places that it refers to. */
  readonly uses: Place[];
  /** Its parts, and itself, that can be referred to. */
  readonly parts: (object | string)[];
}

/** Where a large value stands. */
export interface Place {
  readonly row: Row;
  readonly path: Path;
  readonly size: number;
}

/** A value as it is written: with null in place of what is known, and the references to put there. */
export interface Divided {
  readonly row: Row;
  readonly bare: Json;
  readonly refs: Ref[];
}

const NO_ROW = -1;

/** What a reference itself takes, about. */
const REF_SIZE = 24;

/**
 * Where the large values of one execution are stored. Values are known by identity, long texts by what they say: the
 * engine never changes a value, and what one step makes of another's result shares its parts.
 */
export class ValueIndex {
  private readonly places = new Map<object | string, Place>();

  find(value: Json): Place | undefined {
    if (typeof value === 'string' ? value.length < PART : typeof value !== 'object') {
      return undefined;
    }
    return value === null ? undefined : this.places.get(value as object | string);
  }

  /** Whether a value is so small, and of nothing known, that it is written wherever it stands. */
  isSmall(value: Json): boolean {
    return isWithin(value, LARGE, this.places);
  }

  /**
   * Makes a row of a value and remembers its parts.
   * @throws RangeError when it is nested too deeply
   */
  add(id: number, value: Json): Divided {
    return this.divide(id, value, true);
  }

  /** The same of a value that stays where it is: it has a few characters besides what is known. */
  strip(value: Json): Divided {
    return this.divide(NO_ROW, value, false);
  }

  private divide(id: number, value: Json, remembers: boolean): Divided {
    const row: Row = { id, size: 0, uses: [], parts: [] };
    const refs: Ref[] = [];
    const bare = new Division(this.places, row, refs, remembers).visit(value);
    return { row, bare, refs };
  }

  remove(row: Row): void {
    for (const part of row.parts) this.places.delete(part);
  }
}

/** A reference to a place, to be put in at `at`. */
export function refTo({ row, path }: Place, at: Path): Ref {
  return path.length === 0 ? [at, row.id] : [at, row.id, path];
}

/** One walk over a value that becomes a row. */
class Division {
  private readonly path: (string | number)[] = [];

  constructor(
    private readonly places: Map<object | string, Place>,
    private readonly row: Row,
    private readonly refs: Ref[],
    private readonly remembers: boolean,
  ) {}

  visit(value: Json): Json {
    const isText = typeof value === 'string';
    if (isText ? value.length < PART : typeof value !== 'object' || value === null) {
      this.row.size += isText ? value.length : SCALAR_SIZE;
      return value;
    }
    const known = this.places.get(value as object | string);
    return known ? this.refer(known) : this.visitPart(value as NonNullable<Json>);
  }

  private visitPart(value: NonNullable<Json>): Json {
    const { row } = this;
    const before = row.size;
    let bare = value;
    if (typeof value === 'string') row.size += value.length;
    else if (Array.isArray(value)) bare = this.visitItems(value);
    else bare = this.visitMembers(value as { [key: string]: Json });
    if (row.size - before >= PART) this.remember(value as object | string, row.size - before);
    return bare;
  }

  private visitItems(items: Json[]): Json[] {
    let copy: Json[] | undefined;
    const depth = this.path.length;
    this.row.size += OWN_SIZE * items.length;
    for (let index = 0; index < items.length; index += 1) {
      const item = items[index] ?? null;
      this.path[depth] = index;
      const bare = this.visit(item);
      if (bare !== item) (copy ??= [...items])[index] = bare;
    }
    this.path.length = depth;
    return copy ?? items;
  }

  private visitMembers(object: { [key: string]: Json }): { [key: string]: Json } {
    let copy: { [key: string]: Json } | undefined;
    const depth = this.path.length;
    for (const key of Object.keys(object)) {
      const member = object[key] ?? null;
      this.row.size += OWN_SIZE + key.length;
      this.path[depth] = key;
      const bare = this.visit(member);
      // A spread makes `__proto__` a property, which the assignment then finds.
      if (bare !== member) (copy ??= { ...object })[key] = bare;
    }
    this.path.length = depth;
    return copy ?? object;
  }

  private refer(place: Place): null {
    this.refs.push(refTo(place, [...this.path]));
    if (place.row !== this.row && place.row.id !== INPUT_ROW) this.row.uses.push(place);
    this.row.size += REF_SIZE;
    return null;
  }

  private remember(value: object | string, size: number): void {
    if (!this.remembers) return;
    this.places.set(value, { row: this.row, path: [...this.path], size });
    this.row.parts.push(value);
  }
}
