import type { Json, JsonObject } from '../values/json';

/** A part of a string: text, or an interpolated program. */
export type StringPart = string | Ast;

/** An entry of an object construction. `value` undefined: `{a}`, `{$x}`, `{"a b"}`. */
export interface ObjectEntry {
  readonly key: Ast;
  readonly value: Ast | undefined;
}

/** A destructuring pattern. */
export type Pattern =
  | { readonly kind: 'variable'; readonly name: string; readonly at: number }
  | { readonly kind: 'array'; readonly items: readonly Pattern[]; readonly at: number }
  | { readonly kind: 'object'; readonly entries: readonly PatternEntry[]; readonly at: number };

/** One `key: pattern`; `variable` also binds the value itself, as in `{$a: [...]}`. */
export interface PatternEntry {
  readonly key: Ast;
  readonly variable: string | undefined;
  readonly value: Pattern | undefined;
}

/** A parameter: `f` is passed as a closure, `$f` by value. */
export interface Parameter {
  readonly name: string;
  readonly byValue: boolean;
}

/** `def name(params): body;` */
export interface Definition {
  readonly name: string;
  readonly parameters: readonly Parameter[];
  readonly body: Ast;
  readonly at: number;
}

/** `import "path" as name;`, `import "path" as $name;`, `include "path";` */
export interface Import {
  readonly path: string;
  /** undefined: include */
  readonly alias: string | undefined;
  readonly isData: boolean;
  /** What is said about it, such as where to search; that is not looked at. */
  readonly metadata: JsonObject;
  readonly at: number;
}

/** A source text: imports, definitions, and the program (absent in a library). */
export interface Program {
  /** What a library says of itself: `module {…};` */
  readonly metadata: JsonObject | undefined;
  readonly imports: readonly Import[];
  readonly definitions: readonly Definition[];
  readonly body: Ast | undefined;
}

/** The names of the binary operators that compute one value of two. */
export type BinaryOperator = '+' | '-' | '*' | '/' | '%' | '==' | '!=' | '<' | '<=' | '>' | '>=';

/** The names of the assignment operators that compute. */
export type UpdateOperator = '+' | '-' | '*' | '/' | '%' | '//';

/** The syntax tree; `at` is the offset of the construct in the source. */
export type Ast =
  | { readonly kind: 'identity'; readonly at: number }
  | { readonly kind: 'literal'; readonly value: Json; readonly at: number }
  | {
      readonly kind: 'string';
      readonly parts: readonly StringPart[];
      readonly format: string | undefined;
      readonly at: number;
    }
  | { readonly kind: 'format'; readonly name: string; readonly at: number }
  | {
      readonly kind: 'index';
      readonly target: Ast;
      readonly key: Ast;
      readonly optional: boolean;
      readonly at: number;
    }
  | {
      readonly kind: 'slice';
      readonly target: Ast;
      readonly from: Ast | undefined;
      readonly to: Ast | undefined;
      readonly optional: boolean;
      readonly at: number;
    }
  | {
      readonly kind: 'iterate';
      readonly target: Ast;
      readonly optional: boolean;
      readonly at: number;
    }
  | { readonly kind: 'array'; readonly body: Ast | undefined; readonly at: number }
  | { readonly kind: 'object'; readonly entries: readonly ObjectEntry[]; readonly at: number }
  | { readonly kind: 'negate'; readonly body: Ast; readonly at: number }
  | { readonly kind: 'pipe'; readonly left: Ast; readonly right: Ast; readonly at: number }
  | { readonly kind: 'comma'; readonly left: Ast; readonly right: Ast; readonly at: number }
  | {
      readonly kind: 'binary';
      readonly operator: BinaryOperator;
      readonly left: Ast;
      readonly right: Ast;
      readonly at: number;
    }
  | {
      readonly kind: 'logic';
      readonly operator: 'and' | 'or';
      readonly left: Ast;
      readonly right: Ast;
      readonly at: number;
    }
  | { readonly kind: 'alternative'; readonly left: Ast; readonly right: Ast; readonly at: number }
  | { readonly kind: 'assign'; readonly left: Ast; readonly right: Ast; readonly at: number }
  | { readonly kind: 'modify'; readonly left: Ast; readonly right: Ast; readonly at: number }
  | {
      readonly kind: 'update';
      readonly operator: UpdateOperator;
      readonly left: Ast;
      readonly right: Ast;
      readonly at: number;
    }
  | {
      readonly kind: 'if';
      readonly condition: Ast;
      readonly then: Ast;
      readonly else: Ast | undefined;
      readonly at: number;
    }
  | {
      readonly kind: 'try';
      readonly body: Ast;
      readonly handler: Ast | undefined;
      readonly at: number;
    }
  | {
      readonly kind: 'reduce';
      readonly source: Ast;
      readonly patterns: readonly Pattern[];
      readonly init: Ast;
      readonly update: Ast;
      readonly at: number;
    }
  | {
      readonly kind: 'foreach';
      readonly source: Ast;
      readonly patterns: readonly Pattern[];
      readonly init: Ast;
      readonly update: Ast;
      readonly extract: Ast | undefined;
      readonly at: number;
    }
  | {
      readonly kind: 'bind';
      readonly source: Ast;
      readonly patterns: readonly Pattern[];
      readonly body: Ast;
      readonly at: number;
    }
  | {
      readonly kind: 'define';
      readonly definition: Definition;
      readonly body: Ast;
      readonly at: number;
    }
  | { readonly kind: 'label'; readonly name: string; readonly body: Ast; readonly at: number }
  | { readonly kind: 'break'; readonly name: string; readonly at: number }
  | { readonly kind: 'variable'; readonly name: string; readonly at: number }
  | {
      readonly kind: 'call';
      readonly name: string;
      readonly arguments: readonly Ast[];
      readonly at: number;
    };
