import type { CpuAllowance, Json } from '@easyflow/expressions';
import { pointerFragment } from '@easyflow/kernel-errors';
import type Ajv from 'ajv';
import type { ErrorObject, ValidateFunction } from 'ajv';
import type { IssueList } from '../compile/issue-list';
import type { SchemaDefinition } from '../compile/definitions';
import { newBoundedValidator, newValidator, type Dialect } from './bounded-validator';
import { NotForThisProcess } from '../not-for-this-process';
import { meteredSchema } from './metered-schema';
import { schemaBudget, SchemaBudgetSpent, STEPS_FOR_DETAILS } from './schema-budget';

/** A JSON schema of the author's. */
export interface DataSchema {
  /**
   * What is wrong with the value; pointers are URI fragments into it. Empty when valid.
   * @throws ExpressionInterrupted when the CPU is used up
   * @throws NotForThisProcess where this version refuses a schema that another has accepted
   */
  check(value: Json, cpu?: CpuAllowance): DataProblem[];
}

export interface DataProblem {
  pointer: string;
  message: string;
}

/** How many problems of one value are told at most. */
const MOST_PROBLEMS = 20;

/** Of a value with more parts than this only the first problem is told. */
const MOST_PARTS_FOR_DETAILS = 5_000;

/**
 * Milliseconds of CPU that compiling a schema takes for each of its characters: 3.6 µs were measured for many properties,
 * 13 µs for nothing but alternatives.
 */
const COMPILING_A_CHARACTER = 5e-3;

const judges = new Map<Dialect, Ajv>();

/** Compiles the inline JSON schemas (2020-12, or draft 7 when they say so) of one document. */
export class DataSchemaCompiler {
  private readonly shared = new Map<string, Ajv>();

  /** With `accepted` the schemas were found good before, and each is compiled when it is first needed. */
  constructor(
    private readonly issues: IssueList,
    private readonly accepted: boolean,
  ) {}

  /** Reports what cannot be compiled. */
  compile(definition: SchemaDefinition, pointer: string): DataSchema | undefined {
    const format = (definition.format ?? 'json').split(':')[0];
    if (format !== 'json') {
      this.issues.unsupported(`${pointer}/format`, `The schema format "${definition.format}"`);
      return undefined;
    }
    if (definition.resource !== undefined) {
      this.issues.unsupported(`${pointer}/resource`, 'A schema from an external resource');
      return undefined;
    }
    const place = `${pointer}/document`;
    const schema = definition.document ?? null;
    if (!isSchema(schema)) {
      this.issues.add(place, 'A JSON schema must be a map or a boolean');
      return undefined;
    }
    const dialect = dialectOf(schema);
    if (this.accepted) return this.schema(() => meteredSchema(schema), schema, dialect);
    if (!this.isGood(schema, dialect, place)) return undefined;
    let isSound = true;
    const metered = meteredSchema(schema, (at, message) => {
      isSound = false;
      this.issues.add(place + at, message);
    });
    return isSound ? this.compiled(metered, schema, dialect, place) : undefined;
  }

  private compiled(
    metered: Json,
    schema: Schema,
    dialect: Dialect,
    place: string,
  ): DataSchema | undefined {
    const made = this.schema(() => metered, schema, dialect);
    try {
      made.compileNow();
      return made;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.issues.add(place, `The JSON schema is wrong: ${reason}`);
      return undefined;
    }
  }

  private schema(metered: () => Json, schema: Schema, dialect: Dialect): CompiledSchema {
    const text = JSON.stringify(schema);
    // Two schemas of one document may have the same `$id`.
    const isNamed = text.includes('"$id"');
    return new CompiledSchema(text.length * COMPILING_A_CHARACTER, (allErrors) => {
      const ajv = isNamed
        ? newBoundedValidator(dialect, allErrors)
        : this.validator(dialect, allErrors);
      return ajv.compile(metered() as boolean | { [key: string]: Json });
    });
  }

  private validator(dialect: Dialect, allErrors: boolean): Ajv {
    const key = `${dialect} ${allErrors}`;
    const made = this.shared.get(key) ?? newBoundedValidator(dialect, allErrors);
    this.shared.set(key, made);
    return made;
  }

  /** Whether the dialect's own schema accepts the schema. */
  private isGood(schema: Schema, dialect: Dialect, place: string): boolean {
    const judge = judges.get(dialect) ?? newValidator(dialect, { validateFormats: false });
    judges.set(dialect, judge);
    try {
      if (judge.validateSchema(schema) === true) return true;
      const [error] = judge.errors ?? [];
      const message = error ? problemOf(error).message : 'is invalid';
      this.issues.add(place + (error?.instancePath ?? ''), `The JSON schema is wrong: ${message}`);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.issues.add(place, `The JSON schema is wrong: ${reason}`);
    }
    return false;
  }
}

type Schema = boolean | { [key: string]: Json };

function isSchema(value: Json): value is Schema {
  return (
    typeof value === 'boolean' ||
    (typeof value === 'object' && value !== null && !Array.isArray(value))
  );
}

function dialectOf(schema: Schema): Dialect {
  const named = typeof schema === 'object' ? schema.$schema : undefined;
  return typeof named === 'string' && named.includes('draft-07') ? 'draft-07' : '2020-12';
}

class CompiledSchema implements DataSchema {
  private first: ValidateFunction | undefined;
  private all: ValidateFunction | undefined;

  constructor(
    /** What compiling may take, in milliseconds: nothing can interrupt it. */
    private readonly effort: number,
    private readonly compile: (allErrors: boolean) => ValidateFunction,
  ) {}

  /** @throws Error when the schema cannot be compiled */
  compileNow(): void {
    this.first ??= this.compile(false);
  }

  check(value: Json, cpu?: CpuAllowance): DataProblem[] {
    const validate = (this.first ??= this.prepared(false, cpu));
    try {
      schemaBudget.begin(cpu);
      if (validate(value)) return [];
    } catch (error) {
      return [{ pointer: '#', message: giveUp(error) }];
    }
    const told = problems(validate);
    return this.details(value, cpu) ?? told;
  }

  /** All problems, where telling them costs little. */
  private details(value: Json, cpu: CpuAllowance | undefined): DataProblem[] | undefined {
    if (!hasFewParts(value)) return undefined;
    this.all ??= this.prepared(true, cpu);
    try {
      schemaBudget.begin(cpu, STEPS_FOR_DETAILS);
      this.all(value);
    } catch (error) {
      giveUp(error);
      return undefined;
    }
    return problems(this.all);
  }

  private prepared(allErrors: boolean, cpu: CpuAllowance | undefined): ValidateFunction {
    cpu?.demand(this.effort);
    try {
      return this.compile(allErrors);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const message = `This version cannot read a JSON schema of the flow: ${reason}`;
      throw new NotForThisProcess('document', message, error);
    }
  }
}

/** Why a check came to no end; a defect goes on. */
function giveUp(error: unknown): string {
  if (error instanceof SchemaBudgetSpent) {
    return 'takes more steps to check against the schema than a check may take';
  }
  // The call stack: references that lead to themselves, or a value of thousands of levels.
  if (error instanceof RangeError) return 'is nested too deep to be checked against the schema';
  throw error;
}

function problems(validate: ValidateFunction): DataProblem[] {
  return (validate.errors ?? []).slice(0, MOST_PROBLEMS).map(problemOf);
}

function problemOf(error: ErrorObject): DataProblem {
  const extra = error.params as Record<string, unknown>;
  const key = extra.additionalProperty ?? extra.unevaluatedProperty;
  const allowed = Array.isArray(extra.allowedValues) ? `: ${extra.allowedValues.join(', ')}` : '';
  const name = typeof key === 'string' ? `: "${key}"` : allowed;
  return {
    pointer: pointerFragment(error.instancePath),
    message: `${error.message ?? 'is invalid'}${name}`,
  };
}

function hasFewParts(value: Json): boolean {
  const pending = [value];
  let parts = 0;
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    parts += 1;
    if (parts > MOST_PARTS_FOR_DETAILS) return false;
    if (typeof next !== 'object' || next === null) continue;
    const inner = Object.values(next);
    if (inner.length > MOST_PARTS_FOR_DETAILS) return false;
    pending.push(...inner);
  }
  return true;
}
