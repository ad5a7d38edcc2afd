import { UserError } from '@easyflow/kernel-errors';
import type { IncomingMessage } from 'node:http';

/** How much of a body that is too large is read on, so that its sender hears the answer. */
const DRAIN_BYTES = 67_108_864;
const DRAIN_MS = 10_000;

/**
 * Reads a body of at most `limit` bytes. Of a larger one nothing is kept, but its rest is read: a sender that is cut
 * off while it writes sees a broken connection, not the answer. Beyond 64 MB or 10 s it is cut off all the same.
 * @param hold is told of bytes that are kept; what it answers ends the reading
 * @throws UserError `body.too_large` (413); what `hold` answers
 */
export function readBody(
  stream: IncomingMessage,
  limit: number,
  hold: (bytes: number) => Error | undefined,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    let deadline = 0;
    let ended = false;
    const refuse = (): void => reject(tooLarge(limit));
    stream.on('data', (chunk: Buffer) => {
      if (ended) return;
      size += chunk.length;
      if (size <= limit) {
        const refusal = hold(chunk.length);
        if (refusal) {
          ended = true;
          chunks.length = 0;
          reject(refusal);
        } else chunks.push(chunk);
        return;
      }
      chunks.length = 0;
      deadline ||= performance.now() + DRAIN_MS;
      if (size > DRAIN_BYTES || performance.now() > deadline) {
        refuse();
        stream.destroy();
      }
    });
    // The sender went away; nobody hears the answer. Every stream closes, and an error costs microseconds to make.
    const brokenOff = (): void => {
      if (!ended)
        reject(new UserError('request.malformed', 'The body ended before it was complete'));
    };
    stream.on('end', () => {
      ended = true;
      const [only] = chunks;
      if (size > limit) refuse();
      else resolve(chunks.length === 1 && only ? only : Buffer.concat(chunks));
    });
    stream.on('error', brokenOff);
    stream.on('close', brokenOff);
  });
}

function tooLarge(limit: number): UserError {
  return new UserError('body.too_large', `The body has more than ${limit} bytes; send less`, {
    status: 413,
  });
}
