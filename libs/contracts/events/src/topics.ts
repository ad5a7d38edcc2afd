import type { ServiceName } from './service-names';

const TENANT_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const TENANT_EVENTS =
  /^tenant_([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})_events$/;

/** Broadcast topic of `tenant.created`, `flow.activated` and `execution.signalled`: each process reads it in a group of its own. */
export const NOTICES_TOPIC = 'easyflow.notices';

/**
 * The topic of a tenant's wake-ups, events and lifecycle. The one resolver: a long tail on shared
 * `cell_{n}_events` topics would change this function and nothing else.
 * @throws RangeError when the id is not a UUID in lower case: a topic name is never built from other text
 */
export function tenantEventsTopic(tenantId: string): string {
  return `tenant_${checked(tenantId)}_events`;
}

/** Where records of a tenant's topic go that no handler can process. */
export function tenantDeadLetterTopic(tenantId: string): string {
  return `tenant_${checked(tenantId)}_dlq`;
}

function checked(tenantId: string): string {
  if (!TENANT_ID.test(tenantId)) throw new RangeError('A tenant id is a UUID in lower case');
  return tenantId;
}

/** The tenant whose event topic this is; undefined for every other topic. */
export function tenantOfEventsTopic(topic: string): string | undefined {
  return TENANT_EVENTS.exec(topic)?.[1];
}

/** Control requests to a service. */
export function requestsTopic(service: ServiceName): string {
  return `easyflow.${service}.requests`;
}

/** Replies to one process of a service. A slot is reused after a restart: no topic per pod. */
export function repliesTopic(service: ServiceName, slot: string): string {
  if (!/^[a-zA-Z0-9-]{1,64}$/.test(slot)) {
    throw new RangeError(`"${slot}" cannot be a slot: use 1 to 64 letters, digits or hyphens`);
  }
  return `easyflow.${service}.replies.${slot}`;
}
