import { steps } from '../run/meter';
import type { Json, JsonObject } from './json';
import { KeyCount, ownKeys, put } from './object';

/** So much text, or one string that is longer, goes to JavaScript's parser at once. */
const chunkLength = 65_536;
/** The deepest nesting that is read here. */
const maximumDepth = 10_000;

/** A container whose end has not been seen. */
interface Open {
  /** The position of its bracket. */
  readonly start: number;
  readonly isArray: boolean;
  /** What was parsed of it; undefined: all of it is still text. */
  value: Json[] | JsonObject | undefined;
  /** Where the text begins that has not been parsed. */
  pending: number;
  /** Where the last element or entry begins. */
  element: number;
  /** Whether the last element has been parsed: nothing but its comma may follow. */
  taken: boolean;
  readonly size: KeyCount;
}

/** Thrown for what is not plain JSON. */
class NotPlain extends Error {}

function isBlank(text: string): boolean {
  return /^[ \t\r\n]*$/.test(text);
}

/**
 * JSON text, parsed natively in chunks between which the clock is looked at: one walk over the
 * text finds where its elements end, and what is small enough is parsed as it is.
 */
export class ChunkParser {
  private readonly open: Open[] = [];
  private root: Json | undefined;
  private rootEnd = 0;

  constructor(private readonly text: string) {}

  /** The value; undefined where the text is not plain JSON or too deep. */
  run(): Json | undefined {
    try {
      this.scan();
    } catch (error) {
      // Deeply nested chunks overflow JavaScript's parser.
      const isKnown =
        error instanceof NotPlain || error instanceof SyntaxError || error instanceof RangeError;
      if (!isKnown) throw error;
      return undefined;
    }
    return this.root;
  }

  private scan(): void {
    const { text } = this;
    let counted = 0;
    for (let at = 0; at < text.length; at += 1) {
      if (at - counted >= 4096) {
        steps((at - counted) >> 4);
        counted = at;
      }
      switch (text.charCodeAt(at)) {
        case 0x22:
          at = this.stringEnd(at);
          break;
        case 0x5b:
        case 0x7b:
          this.begin(at);
          break;
        case 0x5d:
        case 0x7d:
          this.end(at);
          break;
        case 0x2c:
          this.comma(at);
          break;
      }
    }
    if (this.open.length > 0 || this.root === undefined) throw new NotPlain();
    if (!isBlank(text.slice(this.rootEnd))) throw new NotPlain();
  }

  private stringEnd(start: number): number {
    const { text } = this;
    for (let at = start + 1; ; at += 1) {
      at = text.indexOf('"', at);
      if (at < 0) throw new NotPlain();
      let escapes = at;
      while (text.charCodeAt(escapes - 1) === 0x5c) escapes -= 1;
      if ((at - escapes) % 2 === 0) return at;
    }
  }

  private begin(at: number): void {
    if (this.open.length >= maximumDepth) throw new NotPlain();
    if (this.open.length === 0 && !isBlank(this.text.slice(0, at))) throw new NotPlain();
    const isArray = this.text.charCodeAt(at) === 0x5b;
    const next = at + 1;
    this.open.push({
      start: at,
      isArray,
      value: undefined,
      pending: next,
      element: next,
      taken: false,
      size: new KeyCount(),
    });
  }

  private comma(at: number): void {
    const top = this.open.at(-1);
    if (top === undefined) throw new NotPlain();
    if (top.taken) this.afterTaken(top, at);
    else if (at - top.pending >= chunkLength) {
      this.parse(top, at);
      top.pending = at + 1;
    }
    top.element = at + 1;
  }

  private afterTaken(top: Open, at: number): void {
    if (!isBlank(this.text.slice(top.pending, at))) throw new NotPlain();
    top.taken = false;
    top.pending = at + 1;
  }

  /** Parses the elements or entries from what is pending to a position, and adds them. */
  private parse(top: Open, end: number): void {
    const text = this.text.slice(top.pending, end);
    steps(text.length >> 3);
    if (top.isArray) {
      const elements = JSON.parse(`[${text}]`) as Json[];
      if (elements.length === 0) throw new NotPlain();
      const list = (top.value ??= []) as Json[];
      for (const element of elements) list.push(element);
      return;
    }
    const entries = JSON.parse(`{${text}}`) as JsonObject;
    const keys = ownKeys(entries);
    if (keys.length === 0) throw new NotPlain();
    const object = (top.value ??= {}) as JsonObject;
    for (const key of keys) {
      put(object, key, entries[key] as Json);
      top.size.count(object);
    }
  }

  private end(at: number): void {
    const top = this.open.pop();
    if (top === undefined || top.isArray !== (this.text.charCodeAt(at) === 0x5d)) {
      throw new NotPlain();
    }
    const outside = this.open.at(-1);
    const isLong = top.value !== undefined || at - top.start >= chunkLength;
    if (outside !== undefined && !isLong) return;
    if (top.taken) this.afterTaken(top, at);
    else if (top.value !== undefined || !isBlank(this.text.slice(top.pending, at))) {
      this.parse(top, at);
    }
    const value = top.value ?? (top.isArray ? [] : {});
    if (outside === undefined) {
      if (this.root !== undefined) throw new NotPlain();
      this.root = value;
      this.rootEnd = at + 1;
    } else this.take(outside, top.start, at + 1, value);
  }

  /** Adds a parsed container to the one around it. */
  private take(outside: Open, start: number, end: number, value: Json): void {
    if (outside.taken) throw new NotPlain();
    const { element } = outside;
    if (outside.pending < element) this.parse(outside, element - 1);
    const before = this.text.slice(element, start);
    if (outside.isArray) {
      if (!isBlank(before)) throw new NotPlain();
      const list = (outside.value ??= []) as Json[];
      list.push(value);
    } else {
      const keys = Object.keys(JSON.parse(`{${before}0}`) as JsonObject);
      if (keys.length !== 1) throw new NotPlain();
      const object = (outside.value ??= {}) as JsonObject;
      put(object, keys[0] as string, value);
      outside.size.count(object);
    }
    outside.pending = end;
    outside.taken = true;
  }
}
