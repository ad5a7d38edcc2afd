import { tenantDeadLetterTopic, tenantOfEventsTopic } from '@easyflow/contracts-events';
import { EasyFlowError } from '@easyflow/kernel-errors';
import type { IncomingRecord, OutgoingRecord } from './transport';

/** Headers that a dead letter carries beside those of the record. */
export const DEAD_LETTER_HEADERS = {
  reason: 'dead-letter-reason',
  topic: 'dead-letter-topic',
  partition: 'dead-letter-partition',
  offset: 'dead-letter-offset',
} as const;

/**
 * The record's copy for the dead letter topic of its tenant; undefined for control topics, whose records are
 * only logged and skipped (the requester's time limit covers them).
 */
export function deadLetterOf(record: IncomingRecord, error: unknown): OutgoingRecord | undefined {
  const tenantId = tenantOfEventsTopic(record.topic);
  if (tenantId === undefined) return undefined;
  return {
    topic: tenantDeadLetterTopic(tenantId),
    ...(record.key === undefined ? {} : { key: record.key }),
    headers: {
      ...record.headers,
      [DEAD_LETTER_HEADERS.reason]: reasonOf(error),
      [DEAD_LETTER_HEADERS.topic]: record.topic,
      [DEAD_LETTER_HEADERS.partition]: String(record.partition),
      [DEAD_LETTER_HEADERS.offset]: record.offset,
    },
    value: record.value,
  };
}

/** The code of our errors, the class of others: a message may quote the payload. */
export function reasonOf(error: unknown): string {
  if (error instanceof EasyFlowError) return error.code;
  return error instanceof Error ? error.name : 'unknown';
}
