import {
  compileExpression,
  compileTemplate,
  ExpressionSyntaxError,
  stripExpression,
  TemplateSyntaxError,
  type Conditions,
  type CpuAllowance,
  type Json,
} from '@easyflow/expressions';
import { pointerTo } from '../document/json-pointer';
import { NotForThisProcess } from '../not-for-this-process';
import { didYouMean } from '../schema/closest';
import type { IssueList } from './issue-list';
import { sharedLimits } from './shared-limits';

/** A place of the document that is evaluated: an expression, or a value with expressions in it. */
export interface Site {
  /** JSON pointer of the place. */
  readonly pointer: string;
  /**
   * Compiled. Where that is still to be done it takes its time from the CPU given.
   * @throws ExpressionInterrupted
   * @throws NotForThisProcess where this version accepts less than the one that accepted the document
   */
  ready(cpu?: CpuAllowance): ReadySite;
}

/** A site that is compiled. */
export interface ReadySite extends Site {
  /** Variables the source reads, without `$`. Only these need to be given. */
  readonly uses: ReadonlySet<string>;
  /** Secrets the source reads by name. */
  readonly secrets: readonly string[];
  /** Whether it may read when its task or the workflow has started. */
  readonly readsStart: boolean;
  /** @throws ExpressionRuntimeError, TemplateRuntimeError, ExpressionInterrupted */
  evaluate(input: Json, variables: Record<string, Json>, conditions: SiteConditions): Json;
}

/** What decides the outcome of an evaluation beside its input: `now` is never left to a clock. */
export type SiteConditions = Conditions & { readonly now: number | (() => number) };

/** The stages of the specification's table of runtime expression arguments, and what each may read. */
export const STAGES = {
  'the input of the workflow': ['secrets', 'workflow', 'runtime'],
  'the output of the workflow': ['context', 'secrets', 'workflow', 'runtime'],
  'a condition or the input of a task': ['context', 'secrets', 'task', 'workflow', 'runtime'],
  'the definition of a task': [
    'context',
    'input',
    'secrets',
    'task',
    'workflow',
    'runtime',
    'authorization',
  ],
  'the output of a task': [
    'context',
    'input',
    'secrets',
    'task',
    'workflow',
    'runtime',
    'authorization',
  ],
  'the export of a task': [
    'context',
    'input',
    'output',
    'secrets',
    'task',
    'workflow',
    'runtime',
    'authorization',
  ],
} as const;

export type Stage = keyof typeof STAGES;

/** Names that loops and catches may not take for their variables. */
export const ARGUMENTS: ReadonlySet<string> = new Set<string>(Object.values(STAGES).flat());

/** Never two spaces-or-nothing in a row: how spaces are divided between them could be tried in n³ ways. */
/** Milliseconds of CPU that compiling takes for each character, before the compiler is warm: up to 0.8 µs were measured. */
const COMPILING_A_CHARACTER = 1e-3;

const SECRET =
  /\$secrets\s*(?:\.\s*(?:([A-Za-z_]\w*)|(?:\[\s*)?"([^"\\]+)")|(?:\[\s*)?"([^"\\]+)")/g;

export interface SiteOptions {
  mode: 'strict' | 'loose';
  knownSecrets: readonly string[];
  /** Whether all sites were found good before: then each is compiled when it is first evaluated. */
  accepted: boolean;
}

/** Compiles the expressions and templates of one document and reports the bad ones. */
export class SiteCompiler {
  constructor(
    private readonly issues: IssueList,
    private readonly options: SiteOptions,
  ) {}

  /** A property that is an expression by definition (`if`, `when`, `as`, …), with or without `${ }`. */
  expression(source: string, pointer: string, stage: Stage, locals: readonly string[]): Site {
    const compile = (): ReadySite => {
      const program = stripExpression(source);
      const expression = compileExpression(program, { variables: [...STAGES[stage], ...locals] });
      const { variables } = expression.reads;
      return new CompiledSite(
        pointer,
        variables,
        program,
        (input, values, conditions) => expression.first(input, values, conditions) ?? null,
      );
    };
    return this.site(pointer, compile, stage, locals, source);
  }

  /** A property that may hold `${ }` expressions anywhere in it. */
  template(value: Json, pointer: string, stage: Stage, locals: readonly string[]): Site {
    const compile = (): ReadySite => {
      const { mode } = this.options;
      const template = compileTemplate(value, { mode, variables: [...STAGES[stage], ...locals] });
      const { variables } = template.reads;
      const source =
        variables.includes('secrets') || readsDescriptor(variables)
          ? JSON.stringify(value).replaceAll('\\"', '"')
          : '';
      const limits = template.isStatic ? undefined : sharedLimits(value, mode);
      return new CompiledSite(pointer, variables, source, (input, values, given) => {
        // Where many places are evaluated after each other, they have limits for all of them.
        const own = given.pool ? undefined : limits?.();
        return template.evaluate(input, values, own ? { ...given, ...own } : given);
      });
    };
    return this.site(pointer, compile, stage, locals, value);
  }

  /** A text is an expression, a map is a template: `input.from`, `output.as`, `export.as`. */
  transformation(value: Json, pointer: string, stage: Stage, locals: readonly string[]): Site {
    return typeof value === 'string'
      ? this.expression(value, pointer, stage, locals)
      : this.template(value, pointer, stage, locals);
  }

  /** Reports a secret that `use.secrets` does not list. */
  requireSecret(name: string, pointer: string): void {
    const { knownSecrets } = this.options;
    if (knownSecrets.includes(name)) return;
    this.issues.add(pointer, () => {
      const hint = didYouMean(name, knownSecrets);
      return `The secret "${name}" is not listed in use.secrets${hint}`;
    });
  }

  private site(
    pointer: string,
    compile: () => ReadySite,
    stage: Stage,
    locals: readonly string[],
    value: Json,
  ): Site {
    if (this.options.accepted) return new DeferredSite(pointer, value, compile);
    try {
      const site = compile();
      for (const name of site.secrets) {
        this.requireSecret(name, pointer + (placeOfSecret(name, value) ?? ''));
      }
      return site;
    } catch (error) {
      this.refuse(error, pointer, stage, [...STAGES[stage], ...locals]);
      return nothing(pointer);
    }
  }

  private refuse(error: unknown, pointer: string, stage: Stage, variables: string[]): void {
    if (error instanceof ExpressionSyntaxError) {
      this.report(pointer, error, stage, variables);
      return;
    }
    if (error instanceof RangeError) {
      this.issues.add(pointer, 'The expression is nested too deeply');
      return;
    }
    if (!(error instanceof TemplateSyntaxError)) throw error;
    const place = pointer + error.pointer.replace(/^#/, '');
    const { cause } = error;
    if (cause instanceof ExpressionSyntaxError) this.report(place, cause, stage, variables);
    else this.issues.add(place, error.message);
  }

  private report(
    pointer: string,
    error: ExpressionSyntaxError,
    stage: Stage,
    variables: readonly string[],
  ): void {
    const place =
      error.line > 1 ? `line ${error.line}, column ${error.column}` : `column ${error.column}`;
    const undefinedName = /\$([A-Za-z_]\w*) is not defined/.exec(error.message)?.[1];
    const known =
      undefinedName === undefined
        ? ''
        : `; in ${stage} there are ${variables.map((name) => `$${name}`).join(', ')}`;
    this.issues.add(pointer, `The expression is wrong at its ${place}: ${error.message}${known}`);
  }
}

/** A site that is compiled when it is first needed. */
class DeferredSite implements Site {
  private made: ReadySite | undefined;

  constructor(
    readonly pointer: string,
    private readonly source: Json,
    private readonly compile: () => ReadySite,
  ) {}

  ready(cpu?: CpuAllowance): ReadySite {
    return (this.made ??= this.make(cpu));
  }

  private make(cpu: CpuAllowance | undefined): ReadySite {
    cpu?.demand(JSON.stringify(this.source).length * COMPILING_A_CHARACTER);
    try {
      return this.compile();
    } catch (error) {
      if (!(error instanceof ExpressionSyntaxError || error instanceof TemplateSyntaxError)) {
        throw error;
      }
      const message = `This version cannot read the expression at ${this.pointer}: ${error.message}`;
      throw new NotForThisProcess('document', message, error);
    }
  }
}

/** Parts of the descriptors that are the same whenever the task runs. */
const TIMELESS = /\$(?:task|workflow)\.(?:id|name|reference|definition|input|output)\b/g;

function readsDescriptor(variables: readonly string[]): boolean {
  return variables.includes('task') || variables.includes('workflow');
}

class CompiledSite implements ReadySite {
  readonly uses: ReadonlySet<string>;
  readonly secrets: readonly string[];
  readonly readsStart: boolean;

  constructor(
    readonly pointer: string,
    reads: readonly string[],
    source: string,
    readonly evaluate: ReadySite['evaluate'],
  ) {
    this.uses = new Set(reads);
    this.secrets = reads.includes('secrets') ? secretNames(source) : [];
    this.readsStart =
      readsDescriptor(reads) && /\$(?:task|workflow)\b/.test(source.replaceAll(TIMELESS, ''));
  }

  ready(): ReadySite {
    return this;
  }
}

/** Secrets that a source reads by name; one in a comment counts too. */
function secretNames(source: string): string[] {
  return [
    ...new Set([...source.matchAll(SECRET)].map((match) => match[1] ?? match[2] ?? match[3] ?? '')),
  ];
}

/** The pointer of the first text within a value that reads a secret. */
function placeOfSecret(name: string, value: Json): string | undefined {
  if (typeof value === 'string') return secretNames(value).includes(name) ? '' : undefined;
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [key, item] of Object.entries(value)) {
    const place = placeOfSecret(name, item);
    if (place !== undefined) return pointerTo('', key) + place;
  }
  return undefined;
}

function nothing(pointer: string): Site {
  return new CompiledSite(pointer, [], '', () => null);
}
