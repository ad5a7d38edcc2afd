import type { BatchHandler, OutgoingRecord } from '@easyflow/platform-messaging';

/** A handler that keeps the values it gets, of the given topics only: a server has others' tenants too. */
export function collect(topics?: readonly string[]): { values: string[]; onBatch: BatchHandler } {
  const values: string[] = [];
  return {
    values,
    onBatch: async (records) => {
      for (const { topic, value } of records) {
        if (!topics || topics.includes(topic)) values.push(value);
      }
    },
  };
}

export function recordOn(topic: string, value: string): OutgoingRecord {
  return { topic, headers: {}, value };
}
