import type { Json } from '@easyflow/engine';
import { INPUT_ROW, type Path, type Ref } from './stored-state';
import { LARGE, ownSize } from './value-size';

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

/** What a reference itself takes, about. */
const REF_SIZE = 24;

/**
 * Where the large values of one execution are stored. Values are known by identity, long texts by what they say: the
 * engine never changes a value, and what one step makes of another's result shares its parts.
 */
export class ValueIndex {
  private readonly places = new Map<object | string, Place>();

  find(value: Json): Place | undefined {
    if (typeof value === 'string' ? value.length < LARGE : typeof value !== 'object') {
      return undefined;
    }
    return value === null ? undefined : this.places.get(value as object | string);
  }

  /**
   * Makes a row of a value: gives its copy with null in place of what is known already, with the references to put
   * there, and remembers its large parts.
   * @throws RangeError when it is nested too deeply
   */
  add(id: number, value: Json): { row: Row; bare: Json; refs: Ref[] } {
    const row: Row = { id, size: 0, uses: [], parts: [] };
    const refs: Ref[] = [];
    const bare = new Division(this.places, row, refs).visit(value);
    return { row, bare, refs };
  }

  remove(row: Row): void {
    for (const part of row.parts) this.places.delete(part);
  }

  clear(): void {
    this.places.clear();
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
  ) {}

  visit(value: Json): Json {
    if (typeof value === 'string') return this.visitText(value);
    const { row } = this;
    if (typeof value !== 'object' || value === null) {
      row.size += 4;
      return value;
    }
    const known = this.places.get(value);
    if (known) return this.refer(known);
    const before = row.size;
    row.size += ownSize(value);
    const bare = Array.isArray(value) ? this.visitItems(value) : this.visitMembers(value);
    if (row.size - before >= LARGE) this.remember(value, row.size - before);
    return bare;
  }

  private visitText(text: string): Json {
    if (text.length >= LARGE) {
      const known = this.places.get(text);
      if (known) return this.refer(known);
      this.remember(text, text.length);
    }
    this.row.size += text.length;
    return text;
  }

  private visitItems(items: readonly Json[]): Json {
    let copy: Json[] | undefined;
    for (const [index, item] of items.entries()) {
      this.path.push(index);
      const bare = this.visit(item);
      this.path.pop();
      if (bare !== item) (copy ??= [...items])[index] = bare;
    }
    return copy ?? (items as Json[]);
  }

  private visitMembers(object: { [key: string]: Json }): Json {
    let copy: { [key: string]: Json } | undefined;
    for (const key of Object.keys(object)) {
      const member = object[key] ?? null;
      this.path.push(key);
      const bare = this.visit(member);
      this.path.pop();
      // A spread makes `__proto__` a property, which the assignment then finds.
      if (bare !== member) (copy ??= { ...object })[key] = bare;
    }
    return copy ?? object;
  }

  private refer(place: Place): null {
    this.refs.push(refTo(place, [...this.path]));
    if (place.row !== this.row && place.row.id !== INPUT_ROW) this.row.uses.push(place);
    this.row.size += REF_SIZE;
    return null;
  }

  private remember(value: object | string, size: number): void {
    this.places.set(value, { row: this.row, path: [...this.path], size });
    this.row.parts.push(value);
  }
}
