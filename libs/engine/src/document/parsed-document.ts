import type { Json } from '@easyflow/expressions';
import { pointerFragment } from '@easyflow/kernel-errors';
import { DocumentSyntaxError } from './document-issue';

/** A document and where its parts stand in the text it came from. */
export interface ParsedDocument {
  document: Json;
  /** 1-based line of the key (or item) that the pointer names; of its nearest ancestor if it does not exist. */
  line(pointer: string): number | undefined;
}

/** Levels of nesting a document may have; deeper ones serve only to exhaust a reader. */
export const MOST_LEVELS = 100;

/** The error for a place (a plain pointer) that lies deeper than {@link MOST_LEVELS}. */
export function tooDeep(pointer: string, line?: number): DocumentSyntaxError {
  return new DocumentSyntaxError([
    {
      pointer: pointerFragment(pointer),
      ...(line !== undefined && { line }),
      message: `The document is nested over ${MOST_LEVELS} levels deep`,
    },
  ]);
}
