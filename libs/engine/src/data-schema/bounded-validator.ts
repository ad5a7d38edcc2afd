import type { Json } from '@easyflow/expressions';
import type Ajv from 'ajv';
import type { CodeKeywordDefinition, KeywordCxt, Options } from 'ajv';
import { createRequire } from 'node:module';
import { TextPattern } from '../patterns/text-pattern';
import { COST } from './metered-schema';
import { schemaBudget } from './schema-budget';

const load = createRequire(__filename);

export type Dialect = 'draft-07' | '2020-12';

/** The format `url` takes time that grows with the square of the text; no address is longer than this. */
const LONGEST_URL = 4_096;

/** The validators of a dialect: `Validator` judges nothing by itself before it is told a schema. */
export function newValidator(dialect: Dialect, options: Options): Ajv {
  // Loaded on first use: documents without schemas need not wait for it.
  const { default: Validator } = load(dialect === 'draft-07' ? 'ajv' : 'ajv/dist/2020') as {
    default: typeof Ajv;
  };
  return new Validator({ strict: false, inlineRefs: false, logger: false, ...options });
}

/**
 * A validator whose checks count their steps in {@link schemaBudget}: at every part of a schema, in patterns and
 * where items are compared. Made for metered schemas that have been judged already.
 */
export function newBoundedValidator(dialect: Dialect, allErrors: boolean): Ajv {
  const { default: addFormats } = load('ajv-formats') as { default: (ajv: Ajv) => Ajv };
  const { fullFormats } = load('ajv-formats/dist/formats') as { fullFormats: { url: RegExp } };
  const ajv = addFormats(
    newValidator(dialect, { allErrors, validateSchema: false, code: { regExp } }),
  );
  ajv.addFormat('url', (text) => text.length <= LONGEST_URL && fullFormats.url.test(text));
  ajv.removeKeyword('uniqueItems');
  ajv.addKeyword({
    keyword: 'uniqueItems',
    type: 'array',
    schemaType: 'boolean',
    error: { message: 'must NOT have duplicate items' },
    validate: (unique: boolean, items: Json[]) => !unique || allDiffer(items),
  });
  ajv.addKeyword(costKeyword(dialect));
  return ajv;
}

/** `code` is for validators that are written to files. */
const regExp = Object.assign((pattern: string) => new TextPattern(pattern, schemaBudget), {
  code: 'TextPattern',
});

/** Counts before the keywords that lead to other parts. */
function costKeyword(dialect: Dialect): CodeKeywordDefinition {
  const { _ } = load('ajv') as typeof import('ajv');
  return {
    keyword: COST,
    schemaType: 'number',
    before: dialect === 'draft-07' ? '$ref' : '$dynamicAnchor',
    code: ({ gen, data, schema }: KeywordCxt) => {
      const budget = gen.scopeValue('obj', { ref: schemaBudget });
      const length = _`(typeof ${data} === "string" ? ${data}.length >> 6 : 0)`;
      gen.code(_`${budget}.spend(${schema as number} + ${length})`);
    },
  };
}

/** The validator's own compares every pair. */
function allDiffer(items: readonly Json[]): boolean {
  const seen = new Set<string>();
  for (const item of items) {
    const text = canonical(item);
    if (seen.has(text)) return false;
    seen.add(text);
  }
  return true;
}

/** One text for equal values, whatever the order of their keys. */
function canonical(value: Json): string {
  if (typeof value !== 'object' || value === null) {
    // Before the text is made, so that a long one is not begun when too little is left.
    schemaBudget.spend(1 + (typeof value === 'string' ? value.length >> 3 : 1));
    return JSON.stringify(value);
  }
  schemaBudget.spend(1);
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  const keys = Object.keys(value).sort();
  return `{${keys.map((key) => `${JSON.stringify(key)}:${canonical(value[key] ?? null)}`).join()}}`;
}
