import type { FlowApplyBody } from '@easyflow/contracts-events';
import { canonicalJson, flowVersionLength } from '@easyflow/contracts-http';
import {
  compileFlow,
  FlowInvalidError,
  parseDocument,
  type ParsedDocument,
  type Program,
} from '@easyflow/engine';
import { UserError } from '@easyflow/kernel-errors';
import { createHash } from 'node:crypto';

/** What is known of a document that can run: plain data, to be passed between threads. */
export interface CheckedContent extends Pick<Program, 'flow' | 'schedule'> {
  /** JSON text. */
  document: string;
  /** Lower-case hex SHA-256 of the canonical JSON. */
  contentHash: string;
}

/**
 * Reads and compiles a document.
 * @throws UserError `document.malformed` (400), `flow.invalid` (422) with the places
 */
export function checkDocument({ source, mediaType }: FlowApplyBody): CheckedContent {
  const nul = source.indexOf('\0');
  if (nul !== -1) {
    const line = source.slice(0, nul).split('\n').length;
    const message = 'The document holds a NUL character; remove it';
    throw new UserError('document.malformed', message, {
      errors: [{ pointer: '#', line, message }],
    });
  }
  const parsed = parseDocument(source, mediaType);
  const { document, flow, schedule } = compileFlow(parsed);
  refuseLongVersion(flow.version, parsed);
  const contentHash = createHash('sha256').update(canonicalJson(document)).digest('hex');
  return { flow, ...(schedule && { schedule }), document: JSON.stringify(document), contentHash };
}

/** The specification bounds names but not versions, and no path or key could hold one without end. */
function refuseLongVersion(version: string, parsed: ParsedDocument): void {
  if (version.length <= flowVersionLength) return;
  const pointer = '#/document/version';
  const line = parsed.line(pointer);
  const message = `must have at most ${flowVersionLength} characters`;
  throw new FlowInvalidError([{ pointer, ...(line === undefined ? {} : { line }), message }]);
}
