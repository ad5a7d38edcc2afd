import { ExpressionSyntaxError } from '../errors';
import { tokenize, type Token } from './lexer';

/** The tokens of a program, and where a parser stands among them. */
export class TokenStream {
  private readonly tokens: readonly Token[];
  protected place = 0;

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

  expect(text: string): Token {
    if (!this.sees(text)) this.unexpected(`'${text}'`);
    return this.next();
  }

  fail(message: string, at = this.peek().start): never {
    throw new ExpressionSyntaxError(message, this.source, at);
  }

  unexpected(expecting?: string): never {
    const token = this.peek();
    const shown =
      token.kind === 'end' ? 'end of file' : `'${this.source.slice(token.start, token.end)}'`;
    this.fail(
      `syntax error, unexpected ${shown}${expecting === undefined ? '' : `, expecting ${expecting}`}`,
    );
  }
}
