import { toText } from './builtins/formats';
import { Resolver } from './compile/resolve';
import { firstOf } from './compile/assign';
import { GO, MANY, type Each, type Frame, type Node, type One } from './compile/node';
import { FrameLayout, keys, type Scope } from './compile/scope';
import { Failure, HaltRequest, LimitReached } from './run/failure';
import {
  builtNothing,
  grantRest,
  meter,
  mostResult,
  reached,
  startMeter,
  step,
  type Conditions,
} from './run/meter';
import { ExpressionLimitError, ExpressionRuntimeError, ExpressionSyntaxError } from './errors';
import { describer, loadModules } from './modules';
import { readsOf, type Reads } from './reads';
import { parse } from './syntax/program';
import { finite } from './values/finite';
import type { Json } from './values/json';
import { ownEntry } from './values/object';
import { printJson } from './values/print';
import { addWeight } from './values/weight';

/** How a program is compiled. */
export interface CompileOptions {
  /** The names (without `$`) of the variables that every evaluation provides. */
  variables?: readonly string[];
  /** The modules that `import` and `include` find, by path: jq text, or JSON for data. */
  modules?: Readonly<Record<string, string>>;
}

/** What an evaluation gave, and the error if it ended in one. */
export interface Collected {
  outputs: Json[];
  error?: ExpressionRuntimeError;
}

/** A compiled jq program. It keeps no state: one may be evaluated any number of times. */
export interface Expression {
  readonly source: string;
  /**
   * All outputs. Throws ExpressionRuntimeError, ExpressionLimitError at a bound, or ExpressionInterrupted when the
   * CPU it was allowed is used up.
   */
  evaluate(
    input: Json,
    variables?: Readonly<Record<string, Json>>,
    conditions?: Conditions,
  ): Json[];
  /** Outputs so far plus the error if it ended in one. Throws ExpressionInterrupted only. */
  collect(
    input: Json,
    variables?: Readonly<Record<string, Json>>,
    conditions?: Conditions,
  ): Collected;
  /** The first output, or undefined when there is none. Throws like `evaluate`. */
  first(
    input: Json,
    variables?: Readonly<Record<string, Json>>,
    conditions?: Conditions,
  ): Json | undefined;
  /** What the program reads, found without running it. */
  readonly reads: Reads;
}

const noVariables: Readonly<Record<string, Json>> = {};

/** How an error that is no string shows: jq's own words for it. */
function messageOf(value: Json): string {
  return typeof value === 'string' ? value : `${printJson(value)} (not a string)`;
}

function isStackOverflow(error: unknown): boolean {
  return error instanceof RangeError || (error instanceof Error && error.name === 'InternalError');
}

/** Whether a single result may be handed out as it is. */
function isPlain(value: Json | undefined): boolean {
  return !meter.nonFinite && (typeof value !== 'object' || builtNothing());
}

/** Adds results as they are handed out: without what JSON cannot carry, and not too much of it. */
function handOut(outputs: readonly Json[], shown: Json[]): void {
  grantRest();
  const most = mostResult();
  let weight = 0;
  for (const [index, output] of outputs.entries()) {
    if ((index & 63) === 0) step();
    const value = meter.nonFinite ? finite(output) : output;
    weight = addWeight(value, most, weight);
    shown.push(value);
  }
}

/** The same for a single one. */
function checked(value: Json): Json {
  if (isPlain(value)) return value;
  const shown: Json[] = [];
  handOut([value], shown);
  return shown[0] as Json;
}

class CompiledExpression implements Expression {
  private readonly one: One | undefined;
  private readonly each: Each | undefined;
  private readonly firstOne: One;

  constructor(
    readonly source: string,
    private readonly variables: readonly string[],
    readonly reads: Reads,
    node: Node,
    /** What is made of the first output; it counts as part of the evaluation. */
    private readonly finish: (value: Json) => Json = checked,
  ) {
    if (node.card === MANY) this.each = node.each();
    else this.one = node.one();
    this.firstOne = this.one ?? firstOf(node);
  }

  private frame(values: Readonly<Record<string, Json>>): Frame {
    const frame: Frame = [undefined];
    for (const name of this.variables) {
      frame.push(ownEntry(values, name) ?? null);
    }
    return frame;
  }

  private failed(error: unknown): ExpressionRuntimeError | undefined {
    try {
      return this.errorOf(error);
    } catch (thrown) {
      // An error may hold more than can be shown in the time that is left.
      if (thrown instanceof LimitReached) return this.errorOf(thrown);
      throw thrown;
    }
  }

  private errorOf(error: unknown): ExpressionRuntimeError | undefined {
    if (error instanceof LimitReached) {
      // Where no operation is under way, it is the whole program that took too much.
      const at = Math.max(0, error.at);
      return new ExpressionLimitError(error.limit, error.message, this.source, at);
    }
    if (error instanceof Failure) return this.raised(error.value, error.at);
    if (error instanceof HaltRequest) {
      return error.value === undefined ? undefined : this.raised(error.value, error.at);
    }
    if (isStackOverflow(error)) {
      const message = 'Evaluation recursed too deeply';
      return new ExpressionLimitError('memory', message, this.source, meter.at);
    }
    throw error;
  }

  private raised(raised: Json, at: number): ExpressionRuntimeError {
    grantRest();
    const value = finite(raised);
    return new ExpressionRuntimeError(messageOf(value), value, this.source, at);
  }

  private run(outputs: Json[], input: Json, frame: Frame): void {
    if (this.one !== undefined) {
      const value = this.one(frame, input);
      if (value !== undefined) outputs.push(value);
      return;
    }
    this.each?.(frame, input, (value) => {
      outputs.push(value);
      if ((meter.room -= 8) < 0) reached('memory', 'Too many outputs');
      return GO;
    });
  }

  collect(input: Json, variables = noVariables, conditions?: Conditions): Collected {
    const outputs: Json[] = [];
    let error: ExpressionRuntimeError | undefined;
    try {
      startMeter(conditions);
      this.run(outputs, input, this.frame(variables));
    } catch (thrown) {
      error = this.failed(thrown);
    }
    if (error === undefined && outputs.length < 2 && isPlain(outputs[0])) return { outputs };
    const shown: Json[] = [];
    try {
      handOut(outputs, shown);
    } catch (thrown) {
      error = this.failed(thrown);
    }
    return error === undefined ? { outputs: shown } : { outputs: shown, error };
  }

  evaluate(input: Json, variables = noVariables, conditions?: Conditions): Json[] {
    const { outputs, error } = this.collect(input, variables, conditions);
    if (error !== undefined) throw error;
    return outputs;
  }

  first(input: Json, variables = noVariables, conditions?: Conditions): Json | undefined {
    try {
      startMeter(conditions);
      const value = this.firstOne(this.frame(variables), input);
      return value === undefined ? undefined : this.finish(value);
    } catch (thrown) {
      const error = this.failed(thrown);
      if (error === undefined) return undefined;
      throw error;
    }
  }
}

/**
 * Compiles a jq program. Throws ExpressionSyntaxError, also for a variable or function that is
 * not defined.
 */
export function compileExpression(source: string, options: CompileOptions = {}): Expression {
  return compile(source, options);
}

/** The same, for the text of its first output. */
export function compileText(source: string, options: CompileOptions): Expression {
  return compile(source, options, toText);
}

function compile(
  source: string,
  options: CompileOptions,
  finish?: (value: Json) => Json,
): Expression {
  try {
    const { variables = [], modules = {} } = options;
    const program = parse(source);
    const resolver = new Resolver(source, undefined, describer(modules));
    const layout = new FrameLayout(0);
    let scope: Scope | undefined;
    for (const name of variables) {
      const meaning = { kind: 'variable', slot: layout.allocate() } as const;
      scope = { name: keys.variable(name), meaning, layout, parent: scope };
    }
    scope = loadModules(program.imports, modules, source, scope, layout);
    for (const definition of program.definitions) {
      scope = resolver.define(definition, scope, layout);
    }
    if (program.body === undefined) {
      throw new ExpressionSyntaxError('Top-level program not given (try ".")', source, 0);
    }
    const node = resolver.resolve(program.body, scope, layout);
    return new CompiledExpression(source, variables, readsOf(program, variables), node, finish);
  } catch (error) {
    if (isStackOverflow(error)) {
      throw new ExpressionSyntaxError('Program is nested too deeply', source, 0);
    }
    throw error;
  }
}
