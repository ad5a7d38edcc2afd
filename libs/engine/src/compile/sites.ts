import {
  compileExpression,
  compileTemplate,
  ExpressionSyntaxError,
  stripExpression,
  TemplateSyntaxError,
  type Json,
  type Limits,
} from '@easyflow/expressions';
import { pointerTo } from '../document/json-pointer';
import { didYouMean } from '../schema/closest';
import type { IssueList } from './issue-list';
import { sharedLimits } from './shared-limits';

/** A place of the document that is evaluated: an expression, or a value with expressions in it. */
export interface Site {
  /** JSON pointer of the place. */
  readonly pointer: string;
  /** Variables the source reads, without `$`. Only these need to be given. */
  readonly uses: ReadonlySet<string>;
  /** Secrets the source reads by name. */
  readonly secrets: readonly string[];
  /** @throws ExpressionRuntimeError, TemplateRuntimeError */
  evaluate(input: Json, variables: Record<string, Json>, limits?: Limits): Json;
}

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
    const compile = (): Site => {
      const program = stripExpression(source);
      const expression = compileExpression(program, { variables: [...STAGES[stage], ...locals] });
      return compiledSite(
        { pointer, reads: expression.reads.variables, source: program },
        (input, values, limits) => expression.first(input, values, limits) ?? null,
      );
    };
    return this.site(pointer, compile, stage, locals);
  }

  /** A property that may hold `${ }` expressions anywhere in it. */
  template(value: Json, pointer: string, stage: Stage, locals: readonly string[]): Site {
    const compile = (): Site => {
      const { mode } = this.options;
      const template = compileTemplate(value, { mode, variables: [...STAGES[stage], ...locals] });
      const { variables } = template.reads;
      const source = variables.includes('secrets')
        ? JSON.stringify(value).replaceAll('\\"', '"')
        : '';
      const limits = template.isStatic ? undefined : sharedLimits(value, mode);
      return compiledSite({ pointer, reads: variables, source }, (input, values, given) =>
        template.evaluate(input, values, given ?? limits?.()),
      );
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
    compile: () => Site,
    stage: Stage,
    locals: readonly string[],
    value: Json = '',
  ): Site {
    if (this.options.accepted) return new DeferredSite(pointer, compile);
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

/**
 * A site that is compiled when it is first looked at.
 * @throws ExpressionSyntaxError, TemplateSyntaxError by any use, where this version accepts less than an earlier one
 */
class DeferredSite implements Site {
  private made: Site | undefined;

  constructor(
    readonly pointer: string,
    private readonly compile: () => Site,
  ) {}

  get uses(): ReadonlySet<string> {
    return (this.made ??= this.compile()).uses;
  }

  get secrets(): readonly string[] {
    return (this.made ??= this.compile()).secrets;
  }

  evaluate(input: Json, variables: Record<string, Json>, limits?: Limits): Json {
    return (this.made ??= this.compile()).evaluate(input, variables, limits);
  }
}

function compiledSite(
  found: { pointer: string; reads: readonly string[]; source: string },
  evaluate: Site['evaluate'],
): Site {
  const { pointer, reads, source } = found;
  const secrets = reads.includes('secrets') ? secretNames(source) : [];
  return { pointer, uses: new Set(reads), secrets, evaluate };
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
  return { pointer, uses: new Set(), secrets: [], evaluate: () => null };
}
