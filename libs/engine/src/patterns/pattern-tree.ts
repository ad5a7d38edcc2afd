/** A part of a pattern. Captures are dropped: a schema only asks whether a text matches. */
export type PatternNode =
  | { readonly kind: 'character'; readonly source: string }
  | { readonly kind: 'assertion'; readonly which: '^' | '$' | 'b' | 'B' }
  | {
      readonly kind: 'look';
      readonly behind: boolean;
      readonly negated: boolean;
      readonly body: PatternNode;
    }
  | { readonly kind: 'sequence'; readonly parts: readonly PatternNode[] }
  | { readonly kind: 'choice'; readonly branches: readonly PatternNode[] }
  | {
      readonly kind: 'repeat';
      readonly body: PatternNode;
      readonly min: number;
      readonly max: number;
    };

/** Thrown for a pattern that cannot be matched within bounds, or is none. The message ends a sentence. */
export class PatternRefused extends Error {
  constructor(problem: string) {
    super(problem);
    this.name = 'PatternRefused';
  }
}

const LOOKAROUND = /\(\?(<?)([=!])/y;
const GROUP = /\((?:\?(?::|<[^>]*>))?/y;
const QUANTIFIER = /(?:([*+?])|\{(\d+)(?:(,)(\d*))?\})\??/y;
const SURROGATES = /\\u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2}/y;
const ESCAPE = /\\(?:[pP]\{[^}]*\}|u\{[\da-fA-F]+\}|u[\da-fA-F]{4}|x[\da-fA-F]{2}|c[A-Za-z]|[^])/uy;
const CLASS = /\[(?:\\[^]|[^\]\\])*\]/y;
const ONE = /[^]/uy;

/**
 * Reads a pattern of ECMAScript with the flag `u`. The engine judges the syntax first, so that nothing but
 * the structure is left to find here.
 * @throws PatternRefused
 */
export function readPattern(source: string): PatternNode {
  try {
    new RegExp(source, 'u');
  } catch (error) {
    throw new PatternRefused(error instanceof Error ? error.message : String(error));
  }
  return new PatternReader(source).read();
}

class PatternReader {
  private at = 0;

  constructor(private readonly source: string) {}

  read(): PatternNode {
    return this.choice();
  }

  private take(expression: RegExp): RegExpExecArray | undefined {
    expression.lastIndex = this.at;
    const found = expression.exec(this.source);
    if (!found) return undefined;
    this.at += found[0].length;
    return found;
  }

  private choice(): PatternNode {
    const branches = [this.sequence()];
    while (this.source[this.at] === '|') {
      this.at += 1;
      branches.push(this.sequence());
    }
    const [only] = branches;
    return only && branches.length === 1 ? only : { kind: 'choice', branches };
  }

  private sequence(): PatternNode {
    const parts: PatternNode[] = [];
    while (this.at < this.source.length && !'|)'.includes(this.source[this.at] ?? '')) {
      parts.push(this.quantified(this.term()));
    }
    return { kind: 'sequence', parts };
  }

  private term(): PatternNode {
    const next = this.source[this.at];
    if (next === '^' || next === '$') {
      this.at += 1;
      return { kind: 'assertion', which: next };
    }
    if (next === '(') return this.group();
    if (next === '\\') return this.escape();
    return this.character(this.take(CLASS) ?? this.take(ONE));
  }

  private group(): PatternNode {
    const look = this.take(LOOKAROUND);
    if (!look && !this.take(GROUP)) return this.unknown();
    // `(?i:` begins like a plain group for the expression above.
    if (this.source[this.at] === '?')
      throw new PatternRefused('flags within a pattern are not supported');
    const body = this.choice();
    this.at += 1;
    return look ? { kind: 'look', behind: look[1] === '<', negated: look[2] === '!', body } : body;
  }

  private escape(): PatternNode {
    const letter = this.source[this.at + 1] ?? '';
    if (letter === 'b' || letter === 'B') {
      this.at += 2;
      return { kind: 'assertion', which: letter };
    }
    if (letter === 'k' || /[1-9]/.test(letter)) {
      throw new PatternRefused('backreferences are not supported');
    }
    return this.character(this.take(SURROGATES) ?? this.take(ESCAPE));
  }

  private character(found: RegExpExecArray | undefined): PatternNode {
    return found ? { kind: 'character', source: found[0] } : this.unknown();
  }

  private unknown(): never {
    throw new PatternRefused(
      `its part "${this.source.slice(this.at, this.at + 20)}" is not supported`,
    );
  }

  private quantified(body: PatternNode): PatternNode {
    const found = this.take(QUANTIFIER);
    if (!found) return body;
    const [, sign, least = '', comma, most = ''] = found;
    if (sign === '*') return { kind: 'repeat', body, min: 0, max: Infinity };
    if (sign === '+') return { kind: 'repeat', body, min: 1, max: Infinity };
    if (sign === '?') return { kind: 'repeat', body, min: 0, max: 1 };
    const min = Number(least);
    const open = most === '' ? Infinity : Number(most);
    return { kind: 'repeat', body, min, max: comma === undefined ? min : open };
  }
}
