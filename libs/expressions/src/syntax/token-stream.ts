import { ExpressionSyntaxError } from '../errors';
import { tokenize, type Token, type TokenKind } from './lexer';

const names: Readonly<Partial<Record<TokenKind, string>>> = {
  name: 'IDENT',
  field: 'FIELD',
  variable: 'BINDING',
  number: 'LITERAL',
  format: 'FORMAT',
  quote: 'QQSTRING_START',
  invalid: 'INVALID_CHARACTER',
  end: 'end of file',
};

/** What jq's grammar calls an operator or keyword. */
function quoted(text: string): string {
  return text.length === 1 ? `'${text}'` : text;
}

/** What jq's grammar calls a token. */
function nameOf({ kind, value }: Token): string {
  return names[kind] ?? quoted(value);
}

/** The tokens of a program, and where a parser stands among them. */
export class TokenStream {
  private readonly tokens: readonly Token[];
  protected place = 0;
  /** Where the query of a program begins: there it could end as well. */
  protected beginning = -1;

  constructor(readonly source: string) {
    this.tokens = tokenize(source);
  }

  /** The token `ahead` of the next one. */
  peek(ahead = 0): Token {
    const last = this.tokens.length - 1;
    return this.tokens[Math.min(this.place + ahead, last)] as Token;
  }

  next(): Token {
    const token = this.peek();
    this.place += 1;
    return token;
  }

  /** Whether the next token is this operator or keyword. */
  sees(text: string): boolean {
    const token = this.peek();
    return (token.kind === 'op' || token.kind === 'keyword') && token.value === text;
  }

  accept(text: string): boolean {
    if (!this.sees(text)) return false;
    this.place += 1;
    return true;
  }

  expect(text: string, expecting = quoted(text)): Token {
    if (!this.sees(text)) this.unexpected(expecting);
    return this.next();
  }

  /** What ends a query, which a pipe or a comma could continue. */
  expectAfterQuery(text: string, other?: string): Token {
    const others = other === undefined ? '' : `${other} or `;
    return this.expect(text, `'|' or ',' or ${others}'${text}'`);
  }

  fail(message: string, at = this.peek().start): never {
    throw new ExpressionSyntaxError(message, this.source, at);
  }

  /** The same of the token that was read last. */
  unexpectedLast(expecting?: string): never {
    this.place -= 1;
    return this.unexpected(
      expecting ?? (this.place === this.beginning ? 'end of file' : undefined),
    );
  }

  unexpected(expecting?: string): never {
    const wanted = expecting === undefined ? '' : `, expecting ${expecting}`;
    this.fail(`syntax error, unexpected ${nameOf(this.peek())}${wanted}`);
  }
}
