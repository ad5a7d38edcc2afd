import { MESSAGE_HEADERS, messageType, REQUEST_PATTERNS } from '@easyflow/contracts-events';
import { counter } from '@easyflow/platform-telemetry';
import type { OutgoingRecord } from './transport';

/** `easyflow.message.type`: of the contract, see `sentType`. */
export const messagesSent = counter({
  name: 'easyflow.message.sent',
  unit: '{message}',
  description: 'Messages that the transport has taken',
  attributes: ['easyflow.message.type'],
});

export const messagesReceived = counter({
  name: 'easyflow.message.received',
  unit: '{message}',
  description: 'Deliveries of messages to this process whose envelope holds',
  attributes: ['easyflow.message.type'],
});

/** `error.type`: a code that begins with `envelope.`. */
export const messagesRefused = counter({
  name: 'easyflow.message.refused',
  unit: '{message}',
  description: 'Deliveries of messages whose envelope does not hold',
  attributes: ['error.type'],
});

/** `error.type`: the code of our errors, the class of others. */
export const messagesSetAside = counter({
  name: 'easyflow.message.dead_lettered',
  unit: '{message}',
  description: 'Messages that could not be handled and were set aside',
  attributes: ['error.type'],
});

/**
 * What kind of message is sent: its pattern, `reply` for those that have none. A dead letter keeps the header of a
 * record that anybody may have written: what the contract does not know is `other`.
 */
export function sentType({ headers }: Pick<OutgoingRecord, 'headers'>): string {
  const pattern = headers[MESSAGE_HEADERS.pattern];
  if (pattern === undefined) return 'reply';
  return messageType(pattern) || Object.hasOwn(REQUEST_PATTERNS, pattern) ? pattern : 'other';
}
