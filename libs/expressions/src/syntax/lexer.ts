import { ExpressionSyntaxError } from '../errors';
import { aside } from '../run/meter';
import { Complaint, unescape } from '../values/unescape';

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
  | 'invalid' // no token; nothing after it is read
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
    'break $__loc__'
  ).split(' '),
);

const blank = /[ \r\n\t]+/y;
const comment = /#(?:\\(?:\\|\r?\n)|[^\r\n]|\r(?!\n))*/y;
const operator =
  /\?\/\/|\/\/=|!=|==|\/\/|\|=|\+=|-=|\*=|\/=|%=|<=|>=|\.\.|[.?=;,:|+\-*/%$<>[\](){}]/y;
/** Tokens of one piece, in the order in which they are tried; the group is what they mean. */
const plainTokens: readonly (readonly [TokenKind, RegExp])[] = [
  ['name', /(?:[a-zA-Z_][a-zA-Z_0-9]*::)*[a-zA-Z_][a-zA-Z_0-9]*/y],
  ['variable', /\$((?:[a-zA-Z_][a-zA-Z_0-9]*::)*[a-zA-Z_][a-zA-Z_0-9]*)/y],
  ['number', /(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?/y],
  ['field', /\.([a-zA-Z_][a-zA-Z_0-9]*)/y],
  ['format', /@([a-zA-Z0-9_]+)/y],
];
const plainText = /[^\\"]+/y;
const escapes = /(?:\\(?:u[0-9a-zA-Z]{0,4}|[^u(]))+/y;

const closing: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}', '\\(': ')' };

class Lexer {
  private readonly tokens: Token[] = [];
  /** Open brackets and strings. */
  private readonly open: string[] = [];
  private at = 0;
  /** Where the last token, blank or comment begins: there jq says that something is missing. */
  private last = 0;

  constructor(private readonly source: string) {}

  run(): readonly Token[] {
    while (this.at < this.source.length) {
      if (this.open.at(-1) === '"') this.stringToken();
      else this.token();
    }
    this.tokens.push({ kind: 'end', value: '', start: this.last, end: this.source.length });
    return this.tokens;
  }

  private push(kind: TokenKind, value: string, end: number): void {
    this.tokens.push({ kind, value, start: this.at, end });
    this.last = this.at;
    this.at = end;
  }

  private match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at;
    return pattern.exec(this.source)?.[0];
  }

  private token(): void {
    const skipped = this.match(blank) ?? this.match(comment);
    if (skipped !== undefined) {
      this.last = this.at;
      this.at += skipped.length;
      return;
    }
    for (const [kind, pattern] of plainTokens) {
      pattern.lastIndex = this.at;
      const found = pattern.exec(this.source);
      if (found === null) continue;
      const [text, meaning = text] = found;
      const isKeyword = keywords.has(text);
      this.push(isKeyword ? 'keyword' : kind, isKeyword ? text : meaning, this.at + text.length);
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
    if (text === undefined) return this.invalid();
    if ('([{'.includes(text)) this.open.push(text);
    else if (')]}'.includes(text)) {
      if (closing[this.open.pop() ?? ''] !== text) return this.invalid();
    }
    this.push('op', text, this.at + text.length);
  }

  private invalid(): void {
    this.push('invalid', '', this.source.length);
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
    const text = this.match(escapes);
    if (text === undefined) return this.invalid();
    try {
      this.push(
        'text',
        aside({}, () => unescape(text)),
        this.at + text.length,
      );
    } catch (error) {
      if (!(error instanceof Complaint)) throw error;
      const place = `at line 1, column ${text.length + 2} (while parsing '"${text}"')`;
      throw new ExpressionSyntaxError(`${error.message} ${place}`, this.source, this.at);
    }
  }
}

/** The tokens of a jq program. Throws ExpressionSyntaxError. */
export function tokenize(source: string): readonly Token[] {
  return new Lexer(source).run();
}
