import type { Json } from '@easyflow/expressions';
import { pointerFragment } from '@easyflow/kernel-errors';
import type { DocumentIssue } from '../document/document-issue';
import type { SchemaObject } from './json-schema';
import { SchemaWalk } from './schema-walk';
import schema from './workflow.json';

let walk: SchemaWalk | undefined;

/** What the specification's own schema (`workflow.json`) finds wrong in a document; empty when valid. */
export function validateAgainstSchema(document: Json): Omit<DocumentIssue, 'line'>[] {
  walk ??= new SchemaWalk(schema as unknown as SchemaObject);
  const seen = new Set<string>();
  return walk.problems(document).flatMap(({ pointer, message }) => {
    const key = `${pointer} ${message}`;
    if (seen.has(key)) return [];
    seen.add(key);
    return [{ pointer: pointerFragment(pointer), message }];
  });
}
