import { createRequire } from 'node:module';
import type { Json } from '@easyflow/expressions';
import type Ajv from 'ajv';
import type { ErrorObject } from 'ajv';
import type { SchemaDefinition } from './definitions';
import type { IssueList } from './issue-list';

const load = createRequire(__filename);

/** A compiled JSON schema of the author's. */
export interface DataSchema {
  /** What is wrong with the value; pointers are URI fragments into it. Empty when valid. */
  check(value: Json): { pointer: string; message: string }[];
}

/** How many problems of one value are told at most. */
const MOST_PROBLEMS = 20;

/** Compiles an inline JSON schema (2020-12, or draft 7 when it says so); reports what cannot be. */
export function compileDataSchema(
  definition: SchemaDefinition,
  pointer: string,
  issues: IssueList,
): DataSchema | undefined {
  const format = (definition.format ?? 'json').split(':')[0];
  if (format !== 'json') {
    issues.unsupported(`${pointer}/format`, `The schema format "${definition.format}"`);
    return undefined;
  }
  if (definition.resource !== undefined) {
    issues.unsupported(`${pointer}/resource`, 'A schema from an external resource');
    return undefined;
  }
  const schema = definition.document;
  if (
    typeof schema !== 'boolean' &&
    (typeof schema !== 'object' || schema === null || Array.isArray(schema))
  ) {
    issues.add(`${pointer}/document`, 'A JSON schema must be a map or a boolean');
    return undefined;
  }
  try {
    const validate = validatorFor(schema).compile(schema);
    return { check: (value) => (validate(value) ? [] : problems(validate.errors ?? [])) };
  } catch (error) {
    issues.add(
      `${pointer}/document`,
      `The JSON schema is wrong: ${error instanceof Error ? error.message : String(error)}`,
    );
    return undefined;
  }
}

/** Loaded on first use, one a schema: documents without schemas need not wait for it, and `$id`s cannot collide. */
function validatorFor(schema: boolean | { [key: string]: Json }): Ajv {
  const dialect = typeof schema === 'object' ? schema.$schema : undefined;
  const isDraft7 = typeof dialect === 'string' && dialect.includes('draft-07');
  const { default: Validator } = load(isDraft7 ? 'ajv' : 'ajv/dist/2020') as {
    default: typeof Ajv;
  };
  const { default: addFormats } = load('ajv-formats') as { default: (ajv: Ajv) => Ajv };
  return addFormats(new Validator({ strict: false, allErrors: true }));
}

function problems(errors: readonly ErrorObject[]): { pointer: string; message: string }[] {
  return errors.slice(0, MOST_PROBLEMS).map((error) => {
    const extra = error.params as Record<string, unknown>;
    const key = extra.additionalProperty ?? extra.unevaluatedProperty;
    const allowed = Array.isArray(extra.allowedValues) ? `: ${extra.allowedValues.join(', ')}` : '';
    const name = typeof key === 'string' ? `: "${key}"` : allowed;
    return {
      pointer: `#${error.instancePath}`,
      message: `${error.message ?? 'is invalid'}${name}`,
    };
  });
}
