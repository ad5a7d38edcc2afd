import { ExpressionLimitError, ExpressionRuntimeError, ExpressionSyntaxError } from '../errors';
import {
  compileExpression,
  compileText,
  type CompileOptions,
  type Expression,
} from '../expression';
import { LimitReached } from '../run/failure';
import { defaultLimits, grantRest, type Conditions } from '../run/meter';
import type { Reads } from '../reads';
import type { Json, JsonObject } from '../values/json';
import { put } from '../values/object';
import { addWeight } from '../values/weight';
import type { EvaluationMode } from './mode';
import { segmentsOf, wholeExpression, type Segment } from './segments';
import { TemplateRuntimeError, TemplateSyntaxError } from './template-errors';

/** A JSON value whose expressions are compiled. */
export interface Template {
  /** Whether there is no expression in it. */
  readonly isStatic: boolean;
  /** What its expressions read. */
  readonly reads: Reads;
  /** The value, every expression replaced by its first output (null if none). */
  evaluate(input: Json, variables?: Readonly<Record<string, Json>>, conditions?: Conditions): Json;
}

/** Options of {@link compileTemplate}. */
export type TemplateOptions = CompileOptions & { readonly mode: EvaluationMode };

type Variables = Readonly<Record<string, Json>> | undefined;

/** Computes a part of the value; undefined parts are static. */
type Part = (input: Json, variables: Variables, conditions: Conditions | undefined) => Json;

function escapePointer(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1');
}

/** What a value may take where it is written out, in bytes; also a text made of many. */
const most = defaultLimits.bytes;

/** Each of its expressions was bounded; together they may still share more than can be written out. */
function checked(value: Json, pointer: string): Json {
  try {
    grantRest();
    addWeight(value, most);
    return value;
  } catch (error) {
    if (!(error instanceof LimitReached)) throw error;
    const { limit, message } = error;
    throw new TemplateRuntimeError(pointer, new ExpressionLimitError(limit, message, '', -1));
  }
}

/** Compiles one template; keeps the expressions it meets. */
class TemplateCompiler {
  readonly expressions: Expression[] = [];

  constructor(private readonly options: TemplateOptions) {}

  part(value: Json, pointer: string): Part | undefined {
    if (typeof value === 'string') return this.text(value, pointer);
    if (Array.isArray(value)) return this.array(value, pointer);
    if (typeof value === 'object' && value !== null) return this.object(value, pointer);
    return undefined;
  }

  private compile(
    source: string,
    pointer: string,
    text: string,
    offset: number,
    compile: typeof compileText = compileExpression,
  ): Expression {
    try {
      const expression = compile(source, this.options);
      this.expressions.push(expression);
      return expression;
    } catch (error) {
      if (!(error instanceof ExpressionSyntaxError)) throw error;
      throw new TemplateSyntaxError(
        pointer,
        new ExpressionSyntaxError(error.message, text, offset + error.offset),
      );
    }
  }

  private evaluator(expression: Expression, pointer: string): Part {
    return (input, variables, conditions) => {
      try {
        return expression.first(input, variables, conditions) ?? null;
      } catch (error) {
        if (error instanceof ExpressionRuntimeError) throw new TemplateRuntimeError(pointer, error);
        throw error;
      }
    };
  }

  private text(text: string, pointer: string): Part | undefined {
    if (!text.includes('${')) return this.looseText(text, pointer);
    const whole = wholeExpression(text);
    if (whole !== undefined) {
      return this.evaluator(this.compile(whole.text, pointer, text, whole.offset), pointer);
    }
    const { segments, unterminated } = segmentsOf(text);
    if (unterminated !== undefined) {
      const message = 'Expression is not closed: "${" without its "}"';
      throw new TemplateSyntaxError(
        pointer,
        new ExpressionSyntaxError(message, text, unterminated),
      );
    }
    return this.interpolation(text, segments, pointer);
  }

  /** In loose mode a text that is a program is one; any other stays a text, and so does one that fails. */
  private looseText(text: string, pointer: string): Part | undefined {
    if (this.options.mode === 'strict' || text.trim() === '') return undefined;
    let evaluate: Part;
    try {
      evaluate = this.evaluator(this.compile(text, pointer, text, 0), pointer);
    } catch (error) {
      if (error instanceof TemplateSyntaxError) return undefined;
      throw error;
    }
    return (input, variables, conditions) => {
      try {
        return evaluate(input, variables, conditions);
      } catch (error) {
        const failed = error instanceof TemplateRuntimeError;
        if (failed && !(error.cause instanceof ExpressionLimitError)) return text;
        throw error;
      }
    };
  }

  private interpolation(text: string, segments: readonly Segment[], pointer: string): Part {
    const parts = segments.map((segment) =>
      segment.kind === 'text'
        ? segment.text
        : this.evaluator(
            this.compile(segment.text, pointer, text, segment.offset, compileText),
            pointer,
          ),
    );
    return (input, variables, conditions) => {
      let made = '';
      for (const part of parts) {
        const value = typeof part === 'string' ? part : part(input, variables, conditions);
        // An expression that gave nothing is null.
        made += typeof value === 'string' ? value : 'null';
        if (made.length > most) checked(made, pointer);
      }
      return made;
    };
  }

  private array(array: readonly Json[], pointer: string): Part | undefined {
    const parts = array.map((value, i) => this.part(value, `${pointer}/${i}`));
    if (parts.every((part) => part === undefined)) return undefined;
    return (input, variables, conditions) =>
      parts.map((part, i) =>
        part === undefined ? (array[i] as Json) : part(input, variables, conditions),
      );
  }

  private object(object: JsonObject, pointer: string): Part | undefined {
    const keys = Object.keys(object);
    const parts = keys.map((key) =>
      this.part(object[key] as Json, `${pointer}/${escapePointer(key)}`),
    );
    if (parts.every((part) => part === undefined)) return undefined;
    return (input, variables, conditions) => {
      const made: JsonObject = {};
      keys.forEach((key, i) => {
        const part = parts[i];
        put(
          made,
          key,
          part === undefined ? (object[key] as Json) : part(input, variables, conditions),
        );
      });
      return made;
    };
  }
}

function union(lists: readonly (readonly string[])[]): string[] {
  return [...new Set(lists.flat())].sort();
}

/**
 * Compiles a JSON value: each text that is an expression, also inside objects and arrays, is
 * compiled once. Text around `${ … }` makes a string. Throws TemplateSyntaxError.
 */
export function compileTemplate(value: Json, options: TemplateOptions): Template {
  const compiler = new TemplateCompiler(options);
  const part = compiler.part(value, '');
  const { expressions } = compiler;
  return {
    isStatic: part === undefined,
    reads: {
      variables: union(expressions.map(({ reads }) => reads.variables)),
      paths: union(expressions.map(({ reads }) => reads.paths)),
    },
    evaluate: (input, variables, conditions) => {
      if (part === undefined) return value;
      const made = part(input, variables, conditions);
      return expressions.length > 1 ? checked(made, '') : made;
    },
  };
}
