import { ExpressionSyntaxError } from '../errors';

/** What a token is; `op` is an operator or punctuation, and its text says which. */
export type TokenKind =
  | 'op'
  | 'keyword'
  | 'name'
  | 'field'
  | 'variable'
  | 'number'
  | 'format'
  | 'quote' // opens a string
  | 'text' // text within a string
  | 'interpolation' // \( within a string
  | 'unquote' // closes a string
  | 'end';

/** A token: `value` is its meaning (the name without `$`, the text without escapes). */
export interface Token {
  readonly kind: TokenKind;
  readonly value: string;
  readonly start: number;
  readonly end: number;
}

const keywords = new Set(
  (
    'as import include module def if then else elif and or end reduce foreach try catch label ' +
    'break __loc__'
  ).split(' '),
);

/** Whether a word is a keyword of jq. */
export function isKeyword(word: string): boolean {
  return keywords.has(word) && word !== '__loc__';
}

const blank = /[ \r\n\t]+/y;
const comment = /#(?:\\(?:\\|\r?\n)|[^\r\n]|\r(?!\n))*/y;
const operator =
  /\?\/\/|\/\/=|!=|==|\/\/|\|=|\+=|-=|\*=|\/=|%=|<=|>=|\.\.|[.?=;,:|+\-*/%$<>[\](){}]/y;
const number = /(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?/y;
const format = /@[a-zA-Z0-9_]+/y;
const field = /\.[a-zA-Z_][a-zA-Z_0-9]*/y;
const name = /(?:[a-zA-Z_][a-zA-Z_0-9]*::)*[a-zA-Z_][a-zA-Z_0-9]*/y;
const variable = /\$(?:[a-zA-Z_][a-zA-Z_0-9]*::)*[a-zA-Z_][a-zA-Z_0-9]*/y;
const plainText = /[^\\"]+/y;

const simpleEscapes: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

const closing: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}', '\\(': ')' };

class Lexer {
  private readonly tokens: Token[] = [];
  /** Open brackets and strings. */
  private readonly open: string[] = [];
  private at = 0;

  constructor(private readonly source: string) {}

  run(): readonly Token[] {
    while (this.at < this.source.length) {
      if (this.open.at(-1) === '"') this.stringToken();
      else this.token();
    }
    this.push('end', '', this.at);
    return this.tokens;
  }

  private push(kind: TokenKind, value: string, end: number): void {
    this.tokens.push({ kind, value, start: this.at, end });
    this.at = end;
  }

  private match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at;
    return pattern.exec(this.source)?.[0];
  }

  private fail(message: string, at = this.at): never {
    throw new ExpressionSyntaxError(message, this.source, at);
  }

  private token(): void {
    const skipped = this.match(blank) ?? this.match(comment);
    if (skipped !== undefined) {
      this.at += skipped.length;
      return;
    }
    const word = this.match(name);
    if (word !== undefined) {
      this.push(
        keywords.has(word) && word !== '__loc__' ? 'keyword' : 'name',
        word,
        this.at + word.length,
      );
      return;
    }
    const reference = this.match(variable);
    if (reference !== undefined) {
      const value = reference.slice(1);
      const kind = value === '__loc__' ? 'keyword' : 'variable';
      this.push(kind, kind === 'keyword' ? '$__loc__' : value, this.at + reference.length);
      return;
    }
    const digits = this.match(number);
    if (digits !== undefined) {
      this.push('number', digits, this.at + digits.length);
      return;
    }
    const access = this.match(field);
    if (access !== undefined) {
      this.push('field', access.slice(1), this.at + access.length);
      return;
    }
    const formatName = this.match(format);
    if (formatName !== undefined) {
      this.push('format', formatName.slice(1), this.at + formatName.length);
      return;
    }
    if (this.source[this.at] === '"') {
      this.open.push('"');
      this.push('quote', '"', this.at + 1);
      return;
    }
    this.operatorToken();
  }

  private operatorToken(): void {
    const text = this.match(operator);
    if (text === undefined) {
      const character = String.fromCodePoint(this.source.codePointAt(this.at) as number);
      this.fail(`syntax error, unexpected INVALID_CHARACTER '${character}'`);
    }
    if (text === '(' || text === '[' || text === '{') this.open.push(text);
    else if (text === ')' || text === ']' || text === '}') {
      const opened = this.open.at(-1);
      if (opened === undefined || closing[opened] !== text) {
        this.fail(`syntax error, unexpected INVALID_CHARACTER '${text}'`);
      }
      this.open.pop();
    }
    this.push('op', text, this.at + text.length);
  }

  private stringToken(): void {
    const character = this.source[this.at];
    if (character === '"') {
      this.open.pop();
      this.push('unquote', '"', this.at + 1);
      return;
    }
    if (character === '\\') {
      if (this.source[this.at + 1] === '(') {
        this.open.push('\\(');
        this.push('interpolation', '', this.at + 2);
        return;
      }
      this.escape();
      return;
    }
    const text = this.match(plainText) as string;
    this.push('text', text, this.at + text.length);
  }

  private escape(): void {
    const letter = this.source[this.at + 1];
    if (letter === undefined) this.fail('syntax error, unexpected INVALID_CHARACTER');
    const simple = simpleEscapes[letter];
    if (simple !== undefined && Object.hasOwn(simpleEscapes, letter)) {
      this.push('text', simple, this.at + 2);
      return;
    }
    if (letter !== 'u') this.fail(`Invalid escape: '\\${letter}'`);
    const first = this.unit(this.at + 2);
    if (first < 0xd800 || first > 0xdbff) {
      const isLone = first >= 0xdc00 && first <= 0xdfff;
      this.push('text', isLone ? '\ufffd' : String.fromCharCode(first), this.at + 6);
      return;
    }
    const second =
      this.source.slice(this.at + 6, this.at + 8) === '\\u' ? this.unit(this.at + 8) : 0;
    if (second < 0xdc00 || second > 0xdfff) {
      this.fail('Invalid \\uXXXX\\uXXXX surrogate pair escape');
    }
    this.push('text', String.fromCharCode(first, second), this.at + 12);
  }

  private unit(at: number): number {
    const digits = this.source.slice(at, at + 4);
    if (!/^[0-9a-fA-F]{4}$/.test(digits)) this.fail('Invalid \\uXXXX escape');
    return parseInt(digits, 16);
  }
}

/** The tokens of a jq program. Throws ExpressionSyntaxError. */
export function tokenize(source: string): readonly Token[] {
  return new Lexer(source).run();
}
