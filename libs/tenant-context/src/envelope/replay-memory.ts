import type { EnvelopeClaims } from '@easyflow/contracts-events';

/** Where a record lies: redelivery has the same place, a replayed copy has another. */
export interface RecordPlace {
  topic: string;
  partition: number;
  offset: string;
}

interface Seen {
  place: string;
  expiresAt: number;
}

/**
 * Remembers single-use message ids until they expire. At-least-once delivery hands the same record over twice
 * (same partition and offset), which is allowed; the same message at another place is a replay. Bounded: over
 * `capacity` the oldest is forgotten, which only its expiry then protects.
 */
export class ReplayMemory {
  private readonly seen = new Map<string, Seen>();

  constructor(private readonly capacity: number) {}

  /** Whether this is the first place where the message is met. */
  admit(claims: EnvelopeClaims, place: RecordPlace, now: number): boolean {
    this.forgetExpired(now);
    const key = `${claims.keyId}/${claims.messageId}`;
    const text = `${place.topic}/${place.partition}/${place.offset}`;
    const known = this.seen.get(key);
    if (known) return known.place === text;
    if (this.seen.size >= this.capacity) this.forgetOldest();
    this.seen.set(key, { place: text, expiresAt: claims.expiresAt });
    return true;
  }

  /** Insertion order is nearly the order of expiry, so only the head is looked at. */
  private forgetExpired(now: number): void {
    for (const [key, { expiresAt }] of this.seen) {
      if (expiresAt > now) return;
      this.seen.delete(key);
    }
  }

  private forgetOldest(): void {
    for (const key of this.seen.keys()) {
      this.seen.delete(key);
      return;
    }
  }
}
