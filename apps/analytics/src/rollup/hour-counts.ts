/** Completed executions of an hour, of one flow and mode. As JSON from the database, the count as text. */
export interface FlowCount {
  readonly namespace: string;
  readonly name: string;
  readonly mode: string;
  readonly executions: string;
}

/** The sums of two counts of an hour, by flow and mode. */
export function addCounts(left: readonly FlowCount[], right: readonly FlowCount[]): FlowCount[] {
  const sums = new Map<string, FlowCount>();
  for (const count of [...left, ...right]) {
    const key = keyOf(count);
    const before = BigInt(sums.get(key)?.executions ?? '0');
    sums.set(key, { ...count, executions: (before + BigInt(count.executions)).toString() });
  }
  return [...sums.values()];
}

/** Whether two counts say the same, in whatever order. */
export function sameCounts(left: readonly FlowCount[], right: readonly FlowCount[]): boolean {
  const texts = (counts: readonly FlowCount[]) =>
    counts.map((count) => `${keyOf(count)} ${count.executions}`).sort();
  return JSON.stringify(texts(left)) === JSON.stringify(texts(right));
}

function keyOf({ namespace, name, mode }: FlowCount): string {
  return JSON.stringify([namespace, name, mode]);
}
