import { placeOf } from '../errors';
import type { Json } from '../values/json';
import type { Ast, Definition, Parameter, Pattern, StringPart } from './ast';
import type { Token } from './lexer';
import { operationOf, strengthOf } from './operators';
import { TokenStream } from './token-stream';
import { complaintOf } from './fold';
import { parsePatterns } from './patterns';
import { parseObject } from './objects';

/** Deeper nesting than any person writes, and far from the end of JavaScript's stack. */
const deepestNesting = 500;

const constants = new Map<string, Json>([
  ['true', true],
  ['false', false],
  ['null', null],
]);

function piped(parts: readonly Ast[]): Ast {
  return parts.reduceRight((right, left) => ({ kind: 'pipe', left, right, at: left.at }));
}

/** A recursive descent parser over jq's grammar of queries. */
export class Parser extends TokenStream {
  private depth = 0;

  /** `def name(parameters): body;` */
  definition(): Definition {
    const at = this.expect('def').start;
    const name = this.next();
    if (name.kind !== 'name') this.unexpectedLast('IDENT');
    const parameters: Parameter[] = [];
    if (this.accept('(')) {
      do {
        const token = this.next();
        if (token.kind !== 'name' && token.kind !== 'variable') {
          this.unexpectedLast('IDENT or BINDING');
        }
        parameters.push({ name: token.value, byValue: token.kind === 'variable' });
      } while (this.accept(';'));
      this.expect(')', "';' or ')'");
      this.expect(':');
    } else this.expect(':', "':' or '('");
    const body = this.query();
    this.expectAfterQuery(';');
    return { name: name.value, parameters, body, at };
  }

  private enter(): void {
    this.depth += 1;
    if (this.depth > deepestNesting) this.fail('Program is nested too deeply');
  }

  /** A whole query: pipes, commas, definitions, bindings. */
  query(): Ast {
    return this.pipe(true);
  }

  private pipe(withComma: boolean): Ast {
    this.enter();
    const parsed = this.pipeInside(withComma);
    this.depth -= 1;
    return parsed;
  }

  private pipeInside(withComma: boolean): Ast {
    // A long chain of pipes is read in a loop and folded from the right.
    const parts: Ast[] = [];
    for (;;) {
      const at = this.peek().start;
      if (this.sees('def')) {
        const definition = this.definition();
        parts.push({ kind: 'define', definition, body: this.pipe(withComma), at });
        break;
      }
      if (this.sees('label')) {
        this.next();
        const label = this.next();
        if (label.kind !== 'variable') this.unexpectedLast('BINDING');
        this.expect('|');
        parts.push({ kind: 'label', name: label.value, body: this.pipe(withComma), at });
        break;
      }
      const first = this.expression(1);
      if (this.sees('as')) {
        parts.push(this.binding(first, withComma, at));
        break;
      }
      const part = withComma && this.sees(',') ? this.commas(first) : first;
      parts.push(part);
      if (!this.accept('|')) break;
    }
    return piped(parts);
  }

  /** `as $x | …`, after the source. */
  private binding(source: Ast, withComma: boolean, at: number): Ast {
    const patterns = this.patterns();
    this.expect('|');
    return { kind: 'bind', source, patterns, body: this.pipe(withComma), at };
  }

  private patterns(): readonly Pattern[] {
    this.expect('as');
    return parsePatterns(this);
  }

  private commas(first: Ast): Ast {
    let left = first;
    while (this.accept(',')) {
      const at = this.peek().start;
      if (this.sees('def') || this.sees('label')) {
        return { kind: 'comma', left, right: this.pipe(true), at: left.at };
      }
      const next = this.expression(1);
      if (this.sees('as')) {
        // `a, b as $x | c` is `a, (b as $x | c)`.
        return { kind: 'comma', left, right: this.binding(next, true, at), at: left.at };
      }
      left = { kind: 'comma', left, right: next, at: left.at };
    }
    return left;
  }

  /** The value of an object entry: no comma outside parentheses. */
  entryValue(): Ast {
    const parts: Ast[] = [this.expression(1)];
    while (this.accept('|')) parts.push(this.expression(1));
    return piped(parts);
  }

  /** Operators at least as strong as `weakest`. */
  private expression(weakest: number): Ast {
    this.enter();
    let left = this.postfix();
    for (;;) {
      const token = this.peek();
      const strength = strengthOf(token);
      if (strength === undefined || strength[0] < weakest) break;
      this.next();
      const right = this.expression(strength[1] === 'right' ? strength[0] : strength[0] + 1);
      left = operationOf(token, left, right);
      if (strength[1] === 'none') {
        const other = strengthOf(this.peek());
        if (other !== undefined && other[0] === strength[0]) this.unexpected();
      }
    }
    this.depth -= 1;
    return left;
  }

  /** A term with its suffixes, or one of the forms that take an expression. */
  postfix(): Ast {
    const at = this.peek().start;
    let term: Ast;
    if (this.accept('try')) {
      const body = this.postTry();
      const handler = this.accept('catch') ? this.postTry() : undefined;
      term = { kind: 'try', body, handler, at };
    } else term = this.term();
    return this.suffixes(term);
  }

  /** The body of `try` binds as strongly as a term with its suffixes. */
  private postTry(): Ast {
    this.enter();
    const body = this.postfix();
    this.depth -= 1;
    return body;
  }

  private suffixes(first: Ast): Ast {
    let term = first;
    for (;;) {
      const token = this.peek();
      if (token.kind === 'field') {
        this.next();
        const key: Ast = { kind: 'literal', value: token.value, at: token.start };
        term = { kind: 'index', target: term, key, optional: this.accept('?'), at: token.start };
      } else if (this.sees('.')) {
        this.next();
        if (this.seesString()) {
          const key = this.string();
          term = { kind: 'index', target: term, key, optional: this.accept('?'), at: token.start };
        } else if (this.sees('[')) term = this.bracket(term);
        else this.unexpected("FORMAT or QQSTRING_START or '['");
      } else if (this.sees('[')) term = this.bracket(term);
      else if (this.accept('?')) {
        term = { kind: 'try', body: term, handler: undefined, at: token.start };
      } else return term;
    }
  }

  private bracket(target: Ast): Ast {
    const at = this.expect('[').start;
    if (this.accept(']')) return { kind: 'iterate', target, optional: this.accept('?'), at };
    const key = this.sees(':') ? undefined : this.query();
    if (key !== undefined && !this.sees(':')) {
      this.expectAfterQuery(']', "':'");
      return { kind: 'index', target, key, optional: this.accept('?'), at };
    }
    this.expect(':');
    const to = key !== undefined && this.sees(']') ? undefined : this.query();
    this.expectAfterQuery(']');
    return { kind: 'slice', target, from: key, to, optional: this.accept('?'), at };
  }

  private term(): Ast {
    if (this.seesString()) return this.string();
    const token = this.next();
    const at = token.start;
    switch (token.kind) {
      case 'number':
        return { kind: 'literal', value: Number(token.value), at };
      case 'field':
        // It is a suffix of `.`, which is left out.
        this.place -= 1;
        return { kind: 'identity', at };
      case 'format':
        return { kind: 'format', name: token.value, at };
      case 'variable':
        return { kind: 'variable', name: token.value, at };
      case 'name':
        return this.call(token);
      case 'keyword':
        return this.keywordTerm(token);
      case 'op':
        return this.operatorTerm(token);
      default:
        return this.unexpectedLast();
    }
  }

  private call(token: Token): Ast {
    const at = token.start;
    if (this.accept('(')) {
      const given: Ast[] = [this.query()];
      while (this.accept(';')) given.push(this.query());
      this.expect(')', "';' or ')'");
      return { kind: 'call', name: token.value, arguments: given, at };
    }
    const value = constants.get(token.value);
    return value === undefined
      ? { kind: 'call', name: token.value, arguments: [], at }
      : { kind: 'literal', value, at };
  }

  private operatorTerm(token: Token): Ast {
    const at = token.start;
    switch (token.value) {
      case '.':
        // `."a"` is a suffix of it.
        if (this.seesString()) this.place -= 1;
        return { kind: 'identity', at };
      case '..':
        return { kind: 'call', name: 'recurse', arguments: [], at };
      case '-':
        return { kind: 'negate', body: this.postfix(), at };
      case '(': {
        const body = this.query();
        this.expectAfterQuery(')');
        return body;
      }
      case '[': {
        if (this.accept(']')) return { kind: 'array', body: undefined, at };
        const body = this.query();
        this.expectAfterQuery(']');
        return { kind: 'array', body, at };
      }
      case '{':
        return parseObject(this, at);
      case '$':
        return this.unexpected("'$'");
      default:
        return this.unexpectedLast();
    }
  }

  private keywordTerm(token: Token): Ast {
    const at = token.start;
    switch (token.value) {
      case '$__loc__':
        return { kind: 'literal', value: this.location(at), at };
      case 'if':
        return this.conditional(at);
      case 'reduce':
      case 'foreach':
        return this.loop(token.value, at);
      case 'break': {
        const label = this.next();
        if (label.kind !== 'variable') {
          this.unexpectedLast('BINDING');
        }
        return { kind: 'break', name: label.value, at };
      }
      default:
        return this.unexpectedLast();
    }
  }

  /** The value of `$__loc__`. */
  location(at: number): { file: string; line: number } {
    return { file: '<top-level>', line: placeOf(this.source, at).line };
  }

  private conditional(at: number): Ast {
    const condition = this.query();
    this.expect('then', "then or '|' or ','");
    const then = this.query();
    if (this.sees('elif')) {
      const elseAt = this.next().start;
      return { kind: 'if', condition, then, else: this.conditional(elseAt), at };
    }
    if (!this.sees('else') && !this.sees('end')) this.unexpected();
    const otherwise = this.accept('else') ? this.query() : undefined;
    this.expect('end', "end or '|' or ','");
    return { kind: 'if', condition, then, else: otherwise, at };
  }

  private loop(word: 'reduce' | 'foreach', at: number): Ast {
    const source = this.expression(1);
    const patterns = this.patterns();
    this.expect('(');
    const init = this.query();
    this.expectAfterQuery(';');
    const update = this.query();
    if (word === 'reduce') {
      this.expectAfterQuery(')');
      return { kind: 'reduce', source, patterns, init, update, at };
    }
    const extract = this.accept(';') ? this.query() : undefined;
    this.expectAfterQuery(')', extract === undefined ? "';'" : undefined);
    return { kind: 'foreach', source, patterns, init, update, extract, at };
  }

  /** Whether a string comes next, maybe after its format. */
  seesString(): boolean {
    const { kind } = this.peek();
    return kind === 'quote' || (kind === 'format' && this.peek(1).kind === 'quote');
  }

  /** A string, from its format or its opening quote. */
  string(): Ast {
    const format = this.peek().kind === 'format' ? this.next().value : undefined;
    const at = this.next().start;
    const parts: StringPart[] = [];
    for (;;) {
      const token = this.next();
      if (token.kind === 'text') {
        const last = parts.at(-1);
        if (typeof last === 'string') parts[parts.length - 1] = last + token.value;
        else parts.push(token.value);
      } else if (token.kind === 'interpolation') {
        parts.push(this.query());
        this.expect(')', "QQSTRING_INTERP_END or '|' or ','");
      } else if (token.kind === 'unquote') break;
      else {
        this.unexpectedLast('QQSTRING_TEXT or QQSTRING_INTERP_START or QQSTRING_END');
      }
    }
    const [only = ''] = parts;
    if (parts.length < 2 && typeof only === 'string') return { kind: 'literal', value: only, at };
    return { kind: 'string', parts, format, at };
  }

  /** An object key that is a keyword, a name or a string. */
  simpleKey(): Ast {
    const { kind, value, start } = this.peek();
    if (kind === 'name' || (kind === 'keyword' && value !== '$__loc__')) {
      this.next();
      return { kind: 'literal', value, at: start };
    }
    return this.seesString() ? this.string() : this.unexpected();
  }

  /** Rejects constant keys that are not strings. */
  checkKey(key: Ast, at: number): void {
    const complaint = complaintOf(key);
    if (complaint !== undefined) this.fail(complaint, at);
  }
}
