import type { CloudEvent } from '@easyflow/engine';

/** Brokers take 1 MB of a topic in one request. */
const MOST_BYTES = 400_000;

/**
 * Puts JSON arrays of CloudEvents together to arrays that a broker takes, in order. An event that is too large by
 * itself goes without its data, which stands in the execution's history; so do further attributes of one that still is.
 */
export function lifecycleRecords(arrays: readonly string[]): string[] {
  const records: string[][] = [];
  let size = Infinity;
  for (const text of arrays.flatMap(inPieces)) {
    const bytes = Buffer.byteLength(text);
    if (size + bytes > MOST_BYTES) {
      records.push([]);
      size = 0;
    }
    records.at(-1)?.push(text);
    size += bytes;
  }
  return records.map((texts) => `[${texts.join(',')}]`);
}

/** The events of an array as text, without its brackets: as one text where that is small enough. */
function inPieces(array: string): string[] {
  if (Buffer.byteLength(array) <= MOST_BYTES) return [array.slice(1, -1)];
  return (JSON.parse(array) as CloudEvent[]).map(shortened);
}

function shortened(event: CloudEvent): string {
  const text = JSON.stringify(event);
  if (Buffer.byteLength(text) <= MOST_BYTES) return text;
  const withoutData = JSON.stringify({ ...event, data: undefined });
  if (Buffer.byteLength(withoutData) <= MOST_BYTES) return withoutData;
  const { specversion, time } = event;
  const [id, source, type] = [event.id, event.source, event.type].map((name) =>
    name.slice(0, 1_000),
  );
  return JSON.stringify({ specversion, id, source, type, time });
}
