import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { ConfigError, type ConfigProblem } from './config-error';
import type { Program, Variable } from './variable';
import { variables, type VariableName } from './variables';

/** The environment, as Node gives it. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The values of all variables, read; those the program does not use are undefined. */
export type Values = {
  readonly [N in VariableName]: z.output<(typeof variables)[N]['schema']> | undefined;
};

/** The texts that count instead of a variable's default in one program. */
export type Defaults = Partial<Record<VariableName, string>>;

const FILE = '_FILE';

/**
 * Reads the variables that the program uses. An empty one counts as not set; a secret may be given as the path
 * of a file by its name with `_FILE` behind, whose last line break is cut off.
 * @throws ConfigError naming every problem, never a secret's value
 */
export function readVariables(
  program: Program,
  environment: Environment,
  overrides: { defaults?: Defaults; optional?: readonly VariableName[] } = {},
): Values {
  const problems: ConfigProblem[] = [];
  const values: Partial<Record<VariableName, unknown>> = {};
  for (const [name, variable] of entries()) {
    if (!variable.usedBy.includes(program)) continue;
    const given = textOf(name, variable, environment, problems);
    const text = given ?? overrides.defaults?.[name] ?? variable.default;
    if (text === undefined && overrides.optional?.includes(name)) continue;
    const read = variable.schema.safeParse(text);
    if (read.success) values[name] = read.data;
    else if (!problems.some((problem) => problem.variable === name + FILE)) {
      problems.push({ variable: name, problem: problemOf(text, variable), fix: variable.fix });
    }
  }
  if (problems.length > 0) throw new ConfigError(program, problems);
  return values as Values;
}

function entries(): [VariableName, Variable][] {
  return Object.entries(variables) as [VariableName, Variable][];
}

function textOf(
  name: VariableName,
  variable: Variable,
  environment: Environment,
  problems: ConfigProblem[],
): string | undefined {
  const direct = environment[name] || undefined;
  const file = variable.secret ? environment[name + FILE] || undefined : undefined;
  if (file === undefined) return direct;
  if (direct !== undefined) {
    problems.push({
      variable: name + FILE,
      problem: `is set beside ${name}`,
      fix: 'set only one of the two',
    });
    return undefined;
  }
  try {
    return readFileSync(file, 'utf8').replace(/\r?\n$/, '') || undefined;
  } catch (error) {
    problems.push({
      variable: name + FILE,
      problem: `names ${file}, which cannot be read (${reasonOf(error)})`,
      fix: 'write the path of a file that this process may read',
    });
    return undefined;
  }
}

/** `ENOENT`, `EACCES`, …; the message would repeat the path. */
function reasonOf(error: unknown): string {
  const known = typeof error === 'object' && error !== null && 'code' in error;
  return known ? String(error.code) : String(error);
}

function problemOf(text: string | undefined, variable: Variable): string {
  if (text === undefined) return 'is not set';
  if (variable.secret) return 'holds a value that cannot be used';
  return `is ${JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text)}, which cannot be used`;
}
