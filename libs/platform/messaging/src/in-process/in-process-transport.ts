import { tenantOfEventsTopic } from '@easyflow/contracts-events';
import { OperationalError } from '@easyflow/kernel-errors';
import { systemClock, type Clock } from '@easyflow/kernel-time';
import { AsyncLocalStorage } from 'node:async_hooks';
import { deadLetterOf } from '../dead-letter';
import { receiveTraced, sendTraced } from '../traced-records';
import type {
  BatchHandler,
  IncomingRecord,
  OutgoingRecord,
  SubscribeOptions,
  Subscription,
  TenantSubscribeOptions,
  TenantSubscription,
  Transport,
  TransportLog,
} from '../transport';
import { Group } from './group';
import { Member } from './member';
import { TopicLog } from './topic-log';

export interface InProcessTransportOptions {
  log: TransportLog;
  clock?: Clock;
  /** Records of one topic that may wait for a group with members; default 10,000. */
  backlog?: number;
}

/** Kept on a topic that no group reads, for one that subscribes from the beginning. */
const TAIL = 100;

const SYSTEM = 'easyflow.in_process';

/**
 * The transport of the one-process shape: groups, batches, positions and at-least-once delivery as over Kafka,
 * in memory. A restart forgets the records; what they announce is in the database. No timer runs: a record is
 * handed over in the turn after it was sent.
 */
export class InProcessTransport implements Transport {
  readonly kind = 'in-process';
  private readonly logs = new Map<string, TopicLog>();
  private readonly groups = new Map<string, Group>();
  private readonly tenantGroups = new Set<Group>();
  private readonly members = new Set<Member>();
  private readonly listeners = new Set<(up: boolean) => void>();
  private readonly outside = AsyncLocalStorage.snapshot();
  private readonly clock: Clock;
  private readonly backlog: number;
  private up = false;

  constructor(private readonly options: InProcessTransportOptions) {
    this.clock = options.clock ?? systemClock;
    this.backlog = options.backlog ?? 10_000;
  }

  async connect(): Promise<void> {
    this.setUp(true);
  }

  isUp(): boolean {
    return this.up;
  }

  onStateChange(listener: (up: boolean) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  async send(records: readonly OutgoingRecord[]): Promise<void> {
    if (!this.up) {
      throw new OperationalError('transport.unavailable', 'The in-process transport is not open');
    }
    await sendTraced(SYSTEM, records, async (traced) => this.append(traced));
  }

  async ensureTopics(topics: readonly string[]): Promise<void> {
    for (const topic of topics) this.logOf(topic);
  }

  async subscribe(options: SubscribeOptions): Promise<Subscription> {
    const group = this.groupOf(options.group);
    const topics = new Set(options.topics);
    for (const topic of topics) {
      const log = this.logOf(topic);
      group.begin(topic, options.fromBeginning ? log.start : log.end);
    }
    return this.join(group, (topic) => topics.has(topic), options.onBatch);
  }

  async subscribeTenants(options: TenantSubscribeOptions): Promise<TenantSubscription> {
    const group = this.groupOf(options.group);
    this.tenantGroups.add(group);
    for (const log of this.logs.values()) this.offerTo(group, log);
    return this.join(group, (topic) => tenantOfEventsTopic(topic) !== undefined, options.onBatch);
  }

  async close(): Promise<void> {
    this.setUp(false);
    await Promise.all([...this.members].map((member) => member.close()));
    this.members.clear();
  }

  private join(group: Group, wants: (topic: string) => boolean, onBatch: BatchHandler): Member {
    const member = new Member({
      group,
      wants,
      onBatch: receiveTraced(SYSTEM, onBatch),
      onPoison: (record, error) => this.setAside(record, error),
      onHandled: (records) => this.forget(records),
      outside: (work) => this.outside(work),
      log: this.options.log,
    });
    this.members.add(member);
    group.join(member);
    return member;
  }

  private append(records: readonly OutgoingRecord[]): void {
    const counts = new Map<string, number>();
    for (const { topic } of records) counts.set(topic, (counts.get(topic) ?? 0) + 1);
    for (const [topic, count] of counts) this.makeRoom(this.logOf(topic), count);
    const now = this.clock.now();
    for (const record of records) this.logOf(record.topic).append(record, now);
    for (const group of this.groups.values()) {
      if ([...counts.keys()].some((topic) => group.wants(topic))) group.wake();
    }
  }

  /** @throws OperationalError when a group with members is too far behind; one without loses its oldest */
  private makeRoom(log: TopicLog, count: number): void {
    const oldest = log.end + count - this.backlog;
    for (const group of this.groups.values()) {
      const position = group.position(log.topic);
      if (position === undefined || position >= oldest) continue;
      if (group.wants(log.topic)) {
        throw new OperationalError(
          'transport.unavailable',
          `${this.backlog} records wait on ${log.topic}; its consumer is too slow`,
        );
      }
      group.skipTo(log.topic, oldest);
    }
    this.trim(log);
  }

  private forget(records: readonly IncomingRecord[]): void {
    for (const topic of new Set(records.map((record) => record.topic)))
      this.trim(this.logOf(topic));
  }

  private trim(log: TopicLog): void {
    const positions = [...this.groups.values()].flatMap((group) => group.position(log.topic) ?? []);
    log.trim(positions.length === 0 ? log.end - TAIL : Math.min(...positions));
  }

  private async setAside(record: IncomingRecord, error: unknown): Promise<void> {
    const { topic, offset } = record;
    this.options.log.error({ error, topic, offset }, 'A record cannot be handled; it is set aside');
    const letter = deadLetterOf(record, error);
    if (letter && this.up) this.append([letter]);
  }

  private logOf(topic: string): TopicLog {
    const known = this.logs.get(topic);
    if (known) return known;
    const log = new TopicLog(topic);
    this.logs.set(topic, log);
    for (const group of this.tenantGroups) this.offerTo(group, log);
    return log;
  }

  private offerTo(group: Group, log: TopicLog): void {
    if (tenantOfEventsTopic(log.topic) !== undefined) group.begin(log.topic, log.start);
  }

  private groupOf(name: string): Group {
    const known = this.groups.get(name);
    if (known) return known;
    const group = new Group(this.logs);
    this.groups.set(name, group);
    return group;
  }

  private setUp(up: boolean): void {
    if (this.up === up) return;
    this.up = up;
    for (const listener of this.listeners) listener(up);
  }
}
