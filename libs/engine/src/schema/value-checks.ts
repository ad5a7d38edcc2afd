import type { Json } from '@easyflow/expressions';
import { fullFormats } from 'ajv-formats/dist/formats';
import { TextPattern } from '../patterns/text-pattern';
import type { SchemaObject } from './json-schema';

/** What a text that fails a named pattern should have been; other patterns are shown as they are. */
const PATTERN_TEXTS: Readonly<Record<string, string>> = {
  WorkflowDSL: 'must be a semantic version in quotes, such as "1.0.3"',
  WorkflowVersion: 'must be a semantic version in quotes, such as "1.0.0"',
  WorkflowNamespace: 'must be 1 to 63 letters, digits and hyphens, with no hyphen at either end',
  WorkflowName: 'must be 1 to 63 letters, digits and hyphens, with no hyphen at either end',
  RuntimeExpression: 'must be a runtime expression as a whole: ${ … }',
  LiteralUriTemplate: 'must be a URI without spaces, or a runtime expression: ${ … }',
  LiteralUri: 'must be a URI without spaces, or a runtime expression: ${ … }',
};

const patterns = new Map<string, TextPattern>();
const UNMETERED = { spend: (): void => undefined };

/** The words for a value's kind in messages. */
export function kindName(value: Json): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a map';
  if (typeof value === 'string') return 'a text';
  return typeof value === 'boolean' ? 'a boolean' : 'a number';
}

const TYPE_NAMES = {
  object: 'a map',
  array: 'a list',
  string: 'a text',
  integer: 'a whole number',
  boolean: 'true or false',
} as const;

/** Why the value is not of the schema's type, or undefined. */
export function typeProblem(schema: SchemaObject, value: Json): string | undefined {
  if (schema.type === undefined || hasType(schema.type, value)) return undefined;
  const isPlain = typeof value === 'number' || typeof value === 'boolean';
  const quotes = schema.type === 'string' && isPlain ? '; put it in quotes' : '';
  return `must be ${TYPE_NAMES[schema.type]}, not ${kindName(value)}${quotes}`;
}

function hasType(type: NonNullable<SchemaObject['type']>, value: Json): boolean {
  switch (type) {
    case 'object':
      return typeof value === 'object' && value !== null && !Array.isArray(value);
    case 'array':
      return Array.isArray(value);
    case 'integer':
      return Number.isInteger(value);
    default:
      return typeof value === type;
  }
}

/** What else is wrong with a value by itself: everything but its children and its type. */
export function valueProblem(schema: SchemaObject, value: Json): string | undefined {
  if (schema.enum && !schema.enum.includes(value)) {
    return `must be one of ${schema.enum.map((item) => JSON.stringify(item)).join(', ')}`;
  }
  if (typeof value === 'string') return textProblem(schema, value);
  if (typeof value === 'number') {
    if (schema.minimum !== undefined && value < schema.minimum)
      return `must be at least ${schema.minimum}`;
    if (schema.maximum !== undefined && value > schema.maximum)
      return `must be at most ${schema.maximum}`;
    return undefined;
  }
  if (Array.isArray(value)) {
    return schema.minItems !== undefined && value.length < schema.minItems
      ? `must have at least ${schema.minItems} item${schema.minItems === 1 ? '' : 's'}`
      : undefined;
  }
  return typeof value === 'object' && value !== null ? sizeProblem(schema, value) : undefined;
}

function sizeProblem(schema: SchemaObject, value: { [key: string]: Json }): string | undefined {
  const names = Object.keys(value);
  if (schema.maxProperties !== undefined && names.length > schema.maxProperties) {
    const list = names.map((name) => `"${name}"`).join(', ');
    return schema.maxProperties === 1
      ? `must have exactly one name, but has ${list}; write each as an item of its own`
      : `must have at most ${schema.maxProperties} keys`;
  }
  return schema.minProperties !== undefined && names.length < schema.minProperties
    ? 'must not be empty'
    : undefined;
}

function textProblem(schema: SchemaObject, value: string): string | undefined {
  if (schema.minLength !== undefined && value.length < schema.minLength) return 'must not be empty';
  if (schema.pattern !== undefined && !pattern(schema.pattern).test(value)) {
    return PATTERN_TEXTS[schema.title ?? ''] ?? `must match the pattern ${schema.pattern}`;
  }
  return schema.format !== undefined && !hasFormat(schema.format, value)
    ? `must be a ${schema.format}`
    : undefined;
}

function pattern(source: string): TextPattern {
  const known = patterns.get(source);
  if (known) return known;
  // Some of the specification's own take time that grows with the square of a text.
  const made = new TextPattern(source, UNMETERED);
  patterns.set(source, made);
  return made;
}

/**
 * The validator's own refuses the dots that RFC 6570 allows in names: `{pet.id}`. The operator `.` is read as part of
 * the name: with two ways to read `{.a}`, forty of them in a text that is none take hours.
 */
const URI_TEMPLATE =
  /^(?:[^\x00-\x20"'<>%\\^`{|}]|%[0-9a-f]{2}|\{[+#/;?&=,!@|]?(?:[a-z0-9_.]|%[0-9a-f]{2})+(?::[1-9]\d{0,3}|\*)?(?:,(?:[a-z0-9_.]|%[0-9a-f]{2})+(?::[1-9]\d{0,3}|\*)?)*\})*$/i;

function hasFormat(name: string, value: string): boolean {
  if (name === 'uri-template') return URI_TEMPLATE.test(value);
  const format: unknown = fullFormats[name as keyof typeof fullFormats];
  if (format instanceof RegExp) return format.test(value);
  if (typeof format === 'function') return Boolean((format as (text: string) => boolean)(value));
  const { validate } = format as { validate: RegExp | ((text: string) => boolean) };
  return validate instanceof RegExp ? validate.test(value) : validate(value);
}
