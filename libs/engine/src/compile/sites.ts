import {
  compileExpression,
  compileTemplate,
  ExpressionSyntaxError,
  stripExpression,
  TemplateSyntaxError,
  type Json,
} from '@easyflow/expressions';
import { didYouMean } from '../schema/closest';
import type { IssueList } from './issue-list';

/** A place of the document that is evaluated: an expression, or a value with expressions in it. */
export interface Site {
  /** JSON pointer of the place. */
  readonly pointer: string;
  /** Variables the source reads, without `$`. Only these need to be given. */
  readonly uses: ReadonlySet<string>;
  /** Secrets the source reads by name. */
  readonly secrets: readonly string[];
  /** @throws ExpressionRuntimeError, TemplateRuntimeError */
  evaluate(input: Json, variables: Record<string, Json>): Json;
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

const SECRET = /\$secrets\s*(?:\.\s*([A-Za-z_]\w*)|\.?\s*\[?\s*"([^"\\]+)")/g;

/** Compiles the expressions and templates of one document and reports the bad ones. */
export class SiteCompiler {
  constructor(
    private readonly issues: IssueList,
    private readonly mode: 'strict' | 'loose',
    private readonly knownSecrets: readonly string[],
  ) {}

  /** A property that is an expression by definition (`if`, `when`, `as`, …), with or without `${ }`. */
  expression(source: string, pointer: string, stage: Stage, locals: readonly string[]): Site {
    const program = stripExpression(source);
    const variables = [...STAGES[stage], ...locals];
    try {
      const expression = compileExpression(program, { variables });
      return this.site(
        { pointer, reads: expression.reads.variables, source: program },
        (input, values) => expression.first(input, values) ?? null,
      );
    } catch (error) {
      if (!(error instanceof ExpressionSyntaxError)) throw error;
      this.report(pointer, error, stage, variables);
      return nothing(pointer);
    }
  }

  /** A property that may hold `${ }` expressions anywhere in it. */
  template(value: Json, pointer: string, stage: Stage, locals: readonly string[]): Site {
    const variables = [...STAGES[stage], ...locals];
    try {
      const template = compileTemplate(value, { mode: this.mode, variables });
      const source = JSON.stringify(value).replaceAll('\\"', '"');
      return this.site({ pointer, reads: template.reads.variables, source }, (input, values) =>
        template.evaluate(input, values),
      );
    } catch (error) {
      if (!(error instanceof TemplateSyntaxError)) throw error;
      const { cause } = error;
      const place = pointer + error.pointer.replace(/^#/, '');
      if (cause instanceof ExpressionSyntaxError) this.report(place, cause, stage, variables);
      else this.issues.add(place, error.message);
      return nothing(pointer);
    }
  }

  /** A text is an expression, a map is a template: `input.from`, `output.as`, `export.as`. */
  transformation(value: Json, pointer: string, stage: Stage, locals: readonly string[]): Site {
    return typeof value === 'string'
      ? this.expression(value, pointer, stage, locals)
      : this.template(value, pointer, stage, locals);
  }

  /** Reports a secret that `use.secrets` does not list. */
  requireSecret(name: string, pointer: string): void {
    if (this.knownSecrets.includes(name)) return;
    this.issues.add(pointer, () => {
      const hint = didYouMean(name, this.knownSecrets);
      return `The secret "${name}" is not listed in use.secrets${hint}`;
    });
  }

  private site(
    found: { pointer: string; reads: readonly string[]; source: string },
    evaluate: Site['evaluate'],
  ): Site {
    const { pointer, reads, source } = found;
    const secrets = reads.includes('secrets') ? secretNames(source) : [];
    for (const name of secrets) this.requireSecret(name, pointer);
    return { pointer, uses: new Set(reads), secrets, evaluate };
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

/** Secrets that a source reads by name; one in a comment counts too. */
function secretNames(source: string): string[] {
  return [...new Set([...source.matchAll(SECRET)].map((match) => match[1] ?? match[2] ?? ''))];
}

function nothing(pointer: string): Site {
  return { pointer, uses: new Set(), secrets: [], evaluate: () => null };
}
