import type { IncomingRecord, OutgoingRecord } from '../transport';

/** The records of one topic that some group has still to handle, and a short tail for groups to come. */
export class TopicLog {
  private records: IncomingRecord[] = [];
  private first = 0;

  constructor(readonly topic: string) {}

  /** Offset of the oldest record kept. */
  get start(): number {
    return this.first;
  }

  /** Offset that the next record gets. */
  get end(): number {
    return this.first + this.records.length;
  }

  append(record: OutgoingRecord, timestamp: number): void {
    this.records.push({
      ...record,
      headers: { ...record.headers },
      partition: 0,
      offset: String(this.end),
      timestamp,
    });
  }

  read(from: number, limit: number): IncomingRecord[] {
    const index = Math.max(0, from - this.first);
    return this.records.slice(index, index + limit);
  }

  /** Forgets what lies before the offset. */
  trim(before: number): void {
    const count = Math.min(before, this.end) - this.first;
    if (count <= 0) return;
    this.records = this.records.slice(count);
    this.first += count;
  }
}
