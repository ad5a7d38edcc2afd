import type { BatchHandler, OutgoingRecord } from '@easyflow/platform-messaging';

/** A handler that keeps the values it gets. */
export function collect(): { values: string[]; onBatch: BatchHandler } {
  const values: string[] = [];
  return {
    values,
    onBatch: async (records) => void values.push(...records.map(({ value }) => value)),
  };
}

export function recordOn(topic: string, value: string): OutgoingRecord {
  return { topic, headers: {}, value };
}
