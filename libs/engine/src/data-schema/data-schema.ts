import type { Json } from '@easyflow/expressions';
import { pointerFragment } from '@easyflow/kernel-errors';
import type Ajv from 'ajv';
import type { ErrorObject, ValidateFunction } from 'ajv';
import type { IssueList } from '../compile/issue-list';
import type { SchemaDefinition } from '../compile/definitions';
import { newBoundedValidator, newValidator, type Dialect } from './bounded-validator';
import { meteredSchema } from './metered-schema';
import { schemaBudget, SchemaBudgetSpent, STEPS_FOR_DETAILS } from './schema-budget';

/** A JSON schema of the author's. */
export interface DataSchema {
  /** What is wrong with the value; pointers are URI fragments into it. Empty when valid. */
  check(value: Json): DataProblem[];
}

export interface DataProblem {
  pointer: string;
  message: string;
}

/** How many problems of one value are told at most. */
const MOST_PROBLEMS = 20;

/** Of a value with more parts than this only the first problem is told. */
const MOST_PARTS_FOR_DETAILS = 5_000;

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
      made.prepare();
      return made;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.issues.add(place, `The JSON schema is wrong: ${reason}`);
      return undefined;
    }
  }

  private schema(metered: () => Json, schema: Schema, dialect: Dialect): CompiledSchema {
    // Two schemas of one document may have the same `$id`.
    const isNamed = JSON.stringify(schema).includes('"$id"');
    return new CompiledSchema((allErrors) => {
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

  constructor(private readonly compile: (allErrors: boolean) => ValidateFunction) {}

  /** @throws Error when the schema cannot be compiled */
  prepare(): ValidateFunction {
    return (this.first ??= this.compile(false));
  }

  check(value: Json): DataProblem[] {
    const validate = this.prepare();
    try {
      schemaBudget.begin();
      if (validate(value)) return [];
    } catch (error) {
      return [{ pointer: '#', message: giveUp(error) }];
    }
    const told = problems(validate);
    return this.details(value) ?? told;
  }

  /** All problems, where telling them costs little. */
  private details(value: Json): DataProblem[] | undefined {
    if (!hasFewParts(value)) return undefined;
    this.all ??= this.compile(true);
    try {
      schemaBudget.begin(STEPS_FOR_DETAILS);
      this.all(value);
    } catch (error) {
      giveUp(error);
      return undefined;
    }
    return problems(this.all);
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
