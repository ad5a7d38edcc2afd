import { EasyFlowError, OperationalError, UnexpectedError } from '@easyflow/kernel-errors';

/** Protocol errors that no retry heals. */
const REFUSALS = new Set([
  'MESSAGE_TOO_LARGE',
  'RECORD_LIST_TOO_LARGE',
  'INVALID_RECORD',
  'INVALID_TOPIC_EXCEPTION',
  'TOPIC_AUTHORIZATION_FAILED',
  'CLUSTER_AUTHORIZATION_FAILED',
  'GROUP_AUTHORIZATION_FAILED',
  'POLICY_VIOLATION',
  'INVALID_PARTITIONS',
  'INVALID_REPLICATION_FACTOR',
]);

/** Kafka's name of the error (`UNKNOWN_TOPIC_OR_PARTITION`), found through kafkajs' wrappers. */
export function protocolErrorOf(error: unknown): string | undefined {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if ('type' in cause && typeof cause.type === 'string') return cause.type;
    const errors: unknown = 'errors' in cause ? cause.errors : undefined;
    const first: unknown = Array.isArray(errors) ? errors[0] : undefined;
    if (first !== undefined) return protocolErrorOf(first);
  }
  return undefined;
}

/** Whether the topic is missing, or so new that this broker does not know it yet. */
export function isUnknownTopic(error: unknown): boolean {
  return protocolErrorOf(error) === 'UNKNOWN_TOPIC_OR_PARTITION' || isMetadataMissing(error);
}

/** Whether the topic exists and its partitions are being given a leader: after creation, after a restart. */
export function isLeaderless(error: unknown): boolean {
  const type = protocolErrorOf(error);
  return type === 'LEADER_NOT_AVAILABLE' || type === 'NOT_LEADER_FOR_PARTITION';
}

/** kafkajs' own name for a topic that is not in its metadata. */
function isMetadataMissing(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause.name === 'KafkaJSMetadataNotLoaded') return true;
  }
  return false;
}

/** The port's error for a kafkajs error. */
export function transportError(error: unknown): EasyFlowError {
  if (error instanceof EasyFlowError) return error;
  const type = protocolErrorOf(error);
  if (type !== undefined && REFUSALS.has(type)) {
    return new UnexpectedError('transport.refused', `Kafka refuses the request: ${type}`, {
      cause: error,
    });
  }
  return unavailable('Kafka did not answer as it should', error);
}

/** `transport.unavailable`, to be tried again in a second. */
export function unavailable(message: string, cause?: unknown): OperationalError {
  return new OperationalError('transport.unavailable', message, { retryAfterSeconds: 1, cause });
}
