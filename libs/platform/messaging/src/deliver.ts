import { EasyFlowError } from '@easyflow/kernel-errors';
import { setTimeout as pause } from 'node:timers/promises';
import { reasonOf } from './dead-letter';
import { messagesSetAside } from './messaging-metrics';
import type { BatchHandler, IncomingRecord, TransportLog } from './transport';

export interface DeliverOptions {
  onBatch: BatchHandler;
  /** Takes a record that cannot be handled; must not reject. */
  onPoison: (record: IncomingRecord, error: unknown) => Promise<void>;
  log: TransportLog;
  /** Aborted when the subscription ends: no further attempt is made then. */
  signal: AbortSignal;
  /** Milliseconds before each further attempt after a retryable error. */
  retryDelaysMs?: readonly number[];
}

/**
 * About six seconds in all: long enough for a database to fail over within its group's time limit, short
 * enough that one tenant's trouble does not hold the others of its bucket. After that the sweep of the
 * executors and the dead letter topic take over.
 */
const RETRY_DELAYS_MS = [100, 200, 400, 800, 1500, 3000] as const;

/**
 * Hands a batch to its handler so that it never blocks a partition: retryable errors are tried again, and a
 * batch that fails for good is handed over record by record, so that only the poison is set aside.
 * @throws the handler's error when the subscription ended meanwhile: the batch counts as not handled
 */
export async function deliver(
  records: readonly IncomingRecord[],
  options: DeliverOptions,
): Promise<void> {
  const failure = await attempt(records, options);
  if (failure === undefined) return;
  if (options.signal.aborted) throw failure.error;
  const first = records[0];
  if (records.length === 1 && first) return setAside(first, failure.error, options);
  options.log.warn(
    { error: failure.error, topic: first?.topic, records: records.length },
    'A batch failed; handing it over record by record',
  );
  for (const record of records) await deliverAlone(record, options);
}

async function deliverAlone(record: IncomingRecord, options: DeliverOptions): Promise<void> {
  const failure = await once([record], options);
  if (failure === undefined) return;
  if (options.signal.aborted) throw failure.error;
  await setAside(record, failure.error, options);
}

async function setAside(
  record: IncomingRecord,
  error: unknown,
  { onPoison }: DeliverOptions,
): Promise<void> {
  messagesSetAside.add(1, { 'error.type': reasonOf(error) });
  await onPoison(record, error);
}

async function attempt(
  records: readonly IncomingRecord[],
  options: DeliverOptions,
): Promise<{ error: unknown } | undefined> {
  let failure = await once(records, options);
  for (const delay of options.retryDelaysMs ?? RETRY_DELAYS_MS) {
    if (!failure || !isRetryable(failure.error) || options.signal.aborted) return failure;
    options.log.debug({ error: failure.error, delay }, 'A batch failed; trying it again');
    await pause(delay, undefined, { ref: false });
    failure = await once(records, options);
  }
  return failure;
}

async function once(
  records: readonly IncomingRecord[],
  options: DeliverOptions,
): Promise<{ error: unknown } | undefined> {
  try {
    await options.onBatch(records);
    return undefined;
  } catch (error) {
    return { error };
  }
}

function isRetryable(error: unknown): boolean {
  return error instanceof EasyFlowError && error.retryable;
}
