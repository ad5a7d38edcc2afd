import type { FlowApplyBody } from '@easyflow/contracts-events';
import { canonicalJson } from '@easyflow/contracts-http';
import { compileFlow, parseDocument } from '@easyflow/engine';
import { UserError } from '@easyflow/kernel-errors';
import { createHash } from 'node:crypto';
import type { CheckedDocument } from './flow-version.repository';

/**
 * Reads and compiles a document.
 * @throws UserError `document.malformed` (400), `flow.invalid` (422) with the places
 */
export function checkDocument({ source, mediaType }: FlowApplyBody): CheckedDocument {
  const nul = source.indexOf('\0');
  if (nul !== -1) {
    const line = source.slice(0, nul).split('\n').length;
    const message = 'The document holds a NUL character; remove it';
    throw new UserError('document.malformed', message, {
      errors: [{ pointer: '#', line, message }],
    });
  }
  const program = compileFlow(parseDocument(source, mediaType));
  const contentHash = createHash('sha256').update(canonicalJson(program.document)).digest('hex');
  return { program, source, mediaType, contentHash };
}
