import type { z } from 'zod';
import {
  controlReplySchema,
  controlRequestSchema,
  executionsEndedSchema,
  executionsSignalledSchema,
  flowActivatedSchema,
  hintSchema,
  lifecycleSchema,
  tenantCreatedSchema,
} from './messages';
import type { ServiceName } from './service-names';

/** What is known of one type of message: who may sign it, how long it lives, and its schema. */
export interface MessageType {
  readonly schema: z.ZodType;
  readonly senders: readonly ServiceName[];
  /** Milliseconds from signing to expiry. Kafka may hold a record longer than anyone should act on it. */
  readonly lifetimeMs: number;
  /** Whether a second record with the same message id is refused. The others are idempotent by nature. */
  readonly singleUse: boolean;
}

const MINUTE = 60_000;

/**
 * Every message type of the system. A sender that is not listed for a type is refused by the envelope
 * verifier, whatever it signs.
 */
export const MESSAGE_TYPES = {
  hint: {
    schema: hintSchema,
    senders: ['gateway', 'scheduler', 'executor'],
    lifetimeMs: MINUTE,
    singleUse: false,
  },
  lifecycle: {
    schema: lifecycleSchema,
    senders: ['executor'],
    // A consumer that was away for a day still catches up from the topic; later it reads the tables.
    lifetimeMs: 24 * 60 * MINUTE,
    singleUse: false,
  },
  'execution.ended': {
    schema: executionsEndedSchema,
    senders: ['executor'],
    lifetimeMs: MINUTE,
    singleUse: false,
  },
  'execution.signalled': {
    schema: executionsSignalledSchema,
    senders: ['gateway'],
    lifetimeMs: MINUTE,
    singleUse: false,
  },
  'tenant.created': {
    schema: tenantCreatedSchema,
    senders: ['gateway'],
    lifetimeMs: 5 * MINUTE,
    singleUse: false,
  },
  'flow.activated': {
    schema: flowActivatedSchema,
    senders: ['flow-registry'],
    lifetimeMs: 5 * MINUTE,
    singleUse: false,
  },
  request: {
    schema: controlRequestSchema,
    senders: ['gateway', 'flow-registry', 'scheduler'],
    lifetimeMs: MINUTE,
    singleUse: true,
  },
  reply: {
    schema: controlReplySchema,
    senders: ['flow-registry', 'scheduler', 'executor', 'analytics'],
    lifetimeMs: MINUTE,
    singleUse: true,
  },
} as const satisfies Record<string, MessageType>;

export type MessageTypeName = keyof typeof MESSAGE_TYPES;

/** The entry of a type; undefined for a type that does not exist. */
export function messageType(name: string): MessageType | undefined {
  return Object.hasOwn(MESSAGE_TYPES, name) ? MESSAGE_TYPES[name as MessageTypeName] : undefined;
}

/** Whether the service may sign messages of the type. */
export function maySend(sender: ServiceName, type: string): boolean {
  return messageType(type)?.senders.includes(sender) ?? false;
}
