import type { IncomingRecord } from '../transport';
import type { Member } from './member';
import type { TopicLog } from './topic-log';

/** Records handed over at once, over all topics of a member. */
const BATCH = 500;

/** One consumer group: its positions outlive its members, as committed offsets do. */
export class Group {
  private readonly positions = new Map<string, number>();
  private readonly inHand = new Set<string>();
  private members: Member[] = [];

  constructor(private readonly logs: ReadonlyMap<string, TopicLog>) {}

  join(member: Member): void {
    this.members = [...this.members, member];
    this.wake();
  }

  leave(member: Member): void {
    this.members = this.members.filter((other) => other !== member);
    this.wake();
  }

  hasMembers(): boolean {
    return this.members.length > 0;
  }

  /** Where the group stands in the topic; undefined when it has nothing to do with it. */
  position(topic: string): number | undefined {
    return this.positions.get(topic);
  }

  /** Begins at the offset, unless the group has a position already. */
  begin(topic: string, offset: number): void {
    if (!this.positions.has(topic)) this.positions.set(topic, offset);
  }

  /** What a group without members misses when its backlog is full. */
  skipTo(topic: string, offset: number): void {
    const position = this.positions.get(topic);
    if (position !== undefined && position < offset) this.positions.set(topic, offset);
  }

  /** Whether a member of the group wants the topic. */
  wants(topic: string): boolean {
    return this.members.some((member) => member.wants(topic));
  }

  wake(): void {
    for (const member of this.members) member.wake();
  }

  /** The next records of the topics that are this member's; they stay in hand until `release`. */
  take(member: Member): IncomingRecord[] {
    const taken: IncomingRecord[] = [];
    for (const [topic, position] of this.positions) {
      if (taken.length >= BATCH) break;
      if (this.inHand.has(topic) || this.ownerOf(topic) !== member) continue;
      const records = this.logs.get(topic)?.read(position, BATCH - taken.length) ?? [];
      if (records.length === 0) continue;
      this.inHand.add(topic);
      taken.push(...records);
    }
    return taken;
  }

  /** Gives the topics of the records back; `handled` moves the group's position beyond them. */
  release(records: readonly IncomingRecord[], handled: boolean): void {
    for (const { topic, offset } of records) {
      this.inHand.delete(topic);
      if (handled) this.positions.set(topic, Number(offset) + 1);
    }
  }

  /** Topics are spread over the members that want them, by a hash of the name. */
  private ownerOf(topic: string): Member | undefined {
    const candidates = this.members.filter((member) => member.wants(topic));
    return candidates[hash(topic) % candidates.length];
  }
}

/** FNV-1a, 32 bits. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193) >>> 0;
  }
  return value;
}
