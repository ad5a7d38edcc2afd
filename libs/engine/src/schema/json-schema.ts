import type { Json } from '@easyflow/expressions';

/** The part of JSON Schema 2020-12 that the specification's schema is written in. */
export interface SchemaObject {
  $ref?: string;
  $defs?: Record<string, SchemaNode>;
  title?: string;
  type?: 'object' | 'array' | 'string' | 'integer' | 'boolean';
  const?: Json;
  enum?: Json[];
  pattern?: string;
  format?: string;
  minLength?: number;
  minimum?: number;
  maximum?: number;
  minItems?: number;
  minProperties?: number;
  maxProperties?: number;
  required?: string[];
  properties?: Record<string, SchemaNode>;
  additionalProperties?: SchemaNode;
  unevaluatedProperties?: SchemaNode;
  dependentRequired?: Record<string, string[]>;
  items?: SchemaNode;
  allOf?: SchemaNode[];
  anyOf?: SchemaNode[];
  oneOf?: SchemaNode[];
  not?: SchemaNode;
  if?: SchemaNode;
  then?: SchemaNode;
  else?: SchemaNode;
}

export type SchemaNode = boolean | SchemaObject;

/** Keywords that say nothing about validity. */
export const ANNOTATIONS: ReadonlySet<string> = new Set([
  '$id',
  '$schema',
  'title',
  'description',
  'default',
]);

/** Keywords the walker understands; a test holds the specification's schema against this list. */
export const KEYWORDS: ReadonlySet<string> = new Set([
  '$ref',
  '$defs',
  'type',
  'const',
  'enum',
  'pattern',
  'format',
  'minLength',
  'minimum',
  'maximum',
  'minItems',
  'minProperties',
  'maxProperties',
  'required',
  'properties',
  'additionalProperties',
  'unevaluatedProperties',
  'dependentRequired',
  'items',
  'allOf',
  'anyOf',
  'oneOf',
  'not',
  'if',
  'then',
  'else',
]);
