/** Where a text stops being JSON. Lines and columns count from 1, the offset from 0. */
export interface JsonErrorPlace {
  message: string;
  offset: number;
  line: number;
  column: number;
}

/** Far more than any reader allows, and far less than the stack does. */
const MOST_LEVELS = 500;

class Stop extends Error {
  constructor(
    message: string,
    readonly offset: number,
  ) {
    super(message);
  }
}

const SPACE = /[ \t\n\r]*/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
// Control characters must be escaped in JSON strings (RFC 8259, section 7).
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const WORD = /true|false|null/y;

/**
 * Finds the place that JSON.parse refused: its own message often tells no position. Only called after it has
 * refused, so speed does not matter here.
 */
export function locateJsonError(text: string): JsonErrorPlace {
  const { message, offset } = firstError(text);
  const before = text.slice(0, offset).split('\n');
  return { message, offset, line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}

function firstError(text: string): { message: string; offset: number } {
  const scanner = new Scanner(text);
  try {
    scanner.value();
    scanner.end();
  } catch (error) {
    if (error instanceof Stop) return error;
    throw error;
  }
  return { message: 'unexpected text', offset: 0 };
}

class Scanner {
  private at = 0;
  private depth = 0;

  constructor(private readonly text: string) {}

  value(): void {
    this.skip(SPACE);
    const next = this.text[this.at];
    if (next === '{') this.members('}', () => this.member());
    else if (next === '[') this.members(']', () => this.value());
    else if (next === '"') this.string();
    else if (!this.skip(NUMBER) && !this.skip(WORD)) this.stop('expected a value');
    this.skip(SPACE);
  }

  end(): void {
    if (this.at < this.text.length) this.stop('expected the end');
  }

  private members(close: string, one: () => void): void {
    this.depth += 1;
    if (this.depth > MOST_LEVELS) this.stop('nested too deeply');
    this.at += 1;
    this.list(close, one);
    this.depth -= 1;
  }

  private list(close: string, one: () => void): void {
    this.skip(SPACE);
    if (this.take(close)) return;
    for (;;) {
      one();
      this.skip(SPACE);
      if (this.take(close)) return;
      if (!this.take(',')) this.stop(`expected "," or "${close}"`);
    }
  }

  private member(): void {
    this.skip(SPACE);
    if (this.text[this.at] !== '"') this.stop('expected a member name in double quotes');
    this.string();
    this.skip(SPACE);
    if (!this.take(':')) this.stop('expected ":"');
    this.value();
  }

  private string(): void {
    if (!this.skip(STRING)) this.stop('a string that is not closed or has a bad escape');
  }

  private take(character: string): boolean {
    if (this.text[this.at] !== character) return false;
    this.at += 1;
    return true;
  }

  private skip(pattern: RegExp): boolean {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text);
    if (!found) return false;
    this.at += found[0].length;
    return true;
  }

  private stop(message: string): never {
    const ended = this.at >= this.text.length;
    throw new Stop(ended ? `the text ends: ${message}` : message, this.at);
  }
}
