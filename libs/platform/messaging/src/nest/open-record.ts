import { MESSAGE_HEADERS, messageType } from '@easyflow/contracts-events';
import { UserError } from '@easyflow/kernel-errors';
import { messagesRefused } from '../messaging-metrics';
import type { IncomingRecord, TransportLog } from '../transport';
import type { RecordVerifier } from './record-trust';
import type { VerifiedRecord } from './transport-context';

/** A verified record with its payload, by the schema of its type, and the pattern it is for. */
export interface OpenedRecord extends VerifiedRecord {
  pattern: string;
  payload: unknown;
}

/**
 * Verifies and parses a record. Undefined when the envelope does not hold: such a record is refused and logged,
 * and not set aside, because nobody is to read it again.
 * @throws UserError `message.invalid` when a sender signed what its type does not allow
 * @throws OperationalError when the senders' keys cannot be had
 */
export async function openRecord(
  record: IncomingRecord,
  verifier: RecordVerifier,
  log: TransportLog,
): Promise<OpenedRecord | undefined> {
  try {
    const claims = await verifier.verify(record);
    const payload = payloadOf(record, claims.type);
    return { record, claims, payload, pattern: patternOf(record, claims.type, payload) };
  } catch (error) {
    if (!(error instanceof UserError) || !error.code.startsWith('envelope.')) throw error;
    const { topic, partition, offset } = record;
    messagesRefused.add(1, { 'error.type': error.code });
    log.warn({ code: error.code, topic, partition, offset }, 'A message was refused');
    return undefined;
  }
}

function payloadOf(record: IncomingRecord, type: string): unknown {
  const parsed = messageType(type)?.schema.safeParse(jsonOf(record.value, type));
  if (parsed?.success) return parsed.data;
  throw new UserError('message.invalid', `A message of type ${type} does not fit its schema`);
}

/** Without the error of JSON.parse, which quotes the text: it would be logged. */
function jsonOf(value: string, type: string): unknown {
  try {
    return JSON.parse(value);
  } catch {
    throw new UserError('message.invalid', `A message of type ${type} is not JSON`);
  }
}

/** Events are for the handlers of their type. Requests name theirs, in the header and under the signature. */
function patternOf(record: IncomingRecord, type: string, payload: unknown): string {
  if (type !== 'request') return type;
  const named = record.headers[MESSAGE_HEADERS.pattern];
  const signed = (payload as { pattern: string }).pattern;
  if (named !== signed) {
    throw new UserError('envelope.payload_mismatch', 'The pattern is not the one that was signed');
  }
  return signed;
}
