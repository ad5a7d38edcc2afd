import { step } from '../run/meter';
import type { Json, JsonObject } from './json';
import { parseNumber } from './number';
import { KeyCount, put } from './object';
import { eachPiece } from './pieces';
import { utf8Size } from './print';
import { Complaint, unescape } from './unescape';

/** The deepest nesting jq parses. */
const maximumDepth = 10_000;

/** A container under construction; `key` is the key whose value comes next. */
interface Open {
  readonly value: Json[] | JsonObject;
  key: string | undefined;
  readonly size: KeyCount;
}

/** A second value: jq stops there, and names no position. */
class ExtraValue extends Complaint {}

/** A JSON parser with jq's extensions, limits and messages, token by token as jq's. */
export class SlowParser {
  private line = 1;
  private column = 0;
  private readonly open: Open[] = [];
  private next: Json | undefined;
  private readonly done: Json[] = [];
  private hasExtra = false;
  private token = '';

  /** Of `many` values there may be any number, one after the other. */
  constructor(
    private readonly text: string,
    private readonly many = false,
  ) {}

  /** The values, or jq's complaint. */
  run(): readonly Json[] | string {
    let where = '';
    try {
      this.scan();
      where = ' at EOF';
      this.finishToken();
      this.refuseExtra();
      if (this.open.length > 0) throw new Complaint('Unfinished JSON term');
      return this.done;
    } catch (error) {
      if (error instanceof ExtraValue) return error.message;
      if (!(error instanceof Complaint)) throw error;
      return `${error.message}${where} at line ${this.line}, column ${this.column}`;
    }
  }

  private advance(character: string): void {
    step();
    this.column += utf8Size(character.codePointAt(0) as number);
    if (character === '\n') {
      this.line += 1;
      this.column = 0;
    }
  }

  private scan(): void {
    const characters: string[] = [];
    eachPiece(this.text.replace(/^\ufeff/, ''), (piece) => {
      for (const character of piece) characters.push(character);
    });
    for (let i = 0; i < characters.length; i += 1) {
      const character = characters[i] as string;
      this.advance(character);
      switch (character) {
        case ' ':
        case '\t':
        case '\r':
        case '\n':
          this.finishToken();
          break;
        case '"':
          this.finishToken();
          this.refuseExtra();
          i = this.string(characters, i + 1);
          break;
        case '[':
        case '{':
        case ':':
        case ',':
        case ']':
        case '}':
          this.finishToken();
          this.structure(character);
          break;
        default:
          this.token += character;
      }
      this.refuseExtra();
    }
  }

  private value(value: Json): void {
    this.refuseNext();
    this.finished(value);
  }

  /** Called where a value begins. */
  private refuseNext(): void {
    if (this.next !== undefined) throw new Complaint('Expected separator between values');
  }

  /** A value is complete; outside of all containers only one may be. */
  private finished(value: Json): void {
    if (this.open.length > 0) this.next = value;
    else {
      this.done.push(value);
      this.hasExtra = !this.many && this.done.length > 1;
    }
  }

  /** Called where a character has been dealt with: what is wrong with it comes first. */
  private refuseExtra(): void {
    if (this.hasExtra) throw new ExtraValue('Unexpected extra JSON values');
  }

  private finishToken(): void {
    const { token } = this;
    if (token === '') return;
    this.token = '';
    const first = token[0];
    const word =
      first === 't' ? 'true' : first === 'f' ? 'false' : token.startsWith('nu') ? 'null' : '';
    if (first === "'") throw new Complaint('Invalid string literal; expected ", but got \'');
    if (word !== '') {
      if (token !== word) throw new Complaint('Invalid literal');
      this.value(word === 'null' ? null : word === 'true');
      return;
    }
    const number = parseNumber(token);
    if (number === undefined) throw new Complaint('Invalid numeric literal');
    this.value(number);
  }

  /** Reads a string from after its quote; answers the index of the closing quote. */
  private string(characters: readonly string[], start: number): number {
    let raw = '';
    for (let i = start; i < characters.length; i += 1) {
      const character = characters[i] as string;
      this.advance(character);
      if (character === '"') {
        this.value(unescape(raw));
        return i;
      }
      raw += character;
      if (character === '\\' && i + 1 < characters.length) {
        i += 1;
        this.advance(characters[i] as string);
        raw += characters[i] as string;
      }
    }
    throw new Complaint('Unfinished string at EOF');
  }

  private structure(character: string): void {
    const top = this.open.at(-1);
    switch (character) {
      case '[':
      case '{':
        if (this.open.length >= maximumDepth) {
          throw new Complaint('Exceeds depth limit for parsing');
        }
        this.refuseNext();
        this.open.push({
          value: character === '[' ? [] : {},
          key: undefined,
          size: new KeyCount(),
        });
        break;
      case ':':
        this.colon(top);
        break;
      case ',':
        this.comma(top);
        break;
      default:
        this.close(character, top);
    }
  }

  private colon(top: Open | undefined): void {
    if (this.next === undefined) throw new Complaint("Expected string key before ':'");
    if (top === undefined || Array.isArray(top.value) || top.key !== undefined) {
      throw new Complaint("':' not as part of an object");
    }
    if (typeof this.next !== 'string') throw new Complaint('Object keys must be strings');
    top.key = this.next;
    this.next = undefined;
  }

  private comma(top: Open | undefined): void {
    if (this.next === undefined) throw new Complaint("Expected value before ','");
    if (top === undefined) throw new Complaint("',' not as part of an object or array");
    this.store(top, this.next);
  }

  private store(top: Open, value: Json): void {
    if (Array.isArray(top.value)) top.value.push(value);
    else {
      if (top.key === undefined) throw new Complaint('Objects must consist of key:value pairs');
      put(top.value, top.key, value);
      top.size.count(top.value);
      top.key = undefined;
    }
    this.next = undefined;
  }

  private close(character: string, top: Open | undefined): void {
    const isArray = character === ']';
    if (top === undefined || (isArray && !Array.isArray(top.value))) {
      throw new Complaint(`Unmatched '${character}'`);
    }
    if (this.next !== undefined) this.store(top, this.next);
    else {
      if (!isArray && (Array.isArray(top.value) || top.key !== undefined)) {
        throw new Complaint("Unmatched '}'");
      }
      if (Object.keys(top.value).length > 0) {
        throw new Complaint(
          isArray ? 'Expected another array element' : 'Expected another key-value pair',
        );
      }
    }
    this.open.pop();
    this.finished(top.value);
  }
}
