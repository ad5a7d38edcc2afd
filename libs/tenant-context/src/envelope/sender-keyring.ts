import type { ServiceName } from '@easyflow/contracts-events';
import { UnexpectedError } from '@easyflow/kernel-errors';
import type { Clock } from '@easyflow/kernel-time';
import { createPublicKey, type KeyObject } from 'node:crypto';
import type { SenderKey } from '../issuer/issuer-port';

export interface ParsedSenderKey {
  service: ServiceName;
  publicKey: KeyObject;
}

/** Unknown key ids ask the source at most this often: a flood of forged ids must not become a flood of questions. */
const ASK_AGAIN_MS = 1_000;

/** Known keys are asked for again after this time: that is how long a retired key still counts. */
const REFRESH_MS = 60_000;

/** With the source down known keys stay good this long, so that its outage does not stop the messages. */
const STALE_MS = 15 * 60_000;

/** The senders' public keys, parsed once, refreshed every minute and when a new key id appears. */
export class SenderKeyring {
  private keys = new Map<string, ParsedSenderKey>();
  private loadedAt = Number.NEGATIVE_INFINITY;
  private askedAt = Number.NEGATIVE_INFINITY;
  private asking: Promise<void> | undefined;

  constructor(
    private readonly source: () => Promise<readonly SenderKey[]>,
    private readonly clock: Clock,
  ) {}

  /** @throws whatever the source throws, when a key is not known and cannot be asked for */
  async find(keyId: string): Promise<ParsedSenderKey | undefined> {
    const known = this.keys.get(keyId);
    const now = this.clock.monotonic();
    if (known && now - this.loadedAt < REFRESH_MS) return known;
    if (now - this.askedAt < ASK_AGAIN_MS && !this.asking) return known;
    try {
      await this.refresh();
    } catch (error) {
      if (known && now - this.loadedAt < STALE_MS) return known;
      throw error;
    }
    return this.keys.get(keyId);
  }

  private refresh(): Promise<void> {
    this.asking ??= this.load().finally(() => {
      this.asking = undefined;
    });
    return this.asking;
  }

  private async load(): Promise<void> {
    this.askedAt = this.clock.monotonic();
    const listed = await this.source();
    this.keys = new Map(listed.map((key) => [key.keyId, parse(key)]));
    this.loadedAt = this.clock.monotonic();
  }
}

function parse(key: SenderKey): ParsedSenderKey {
  const publicKey = createPublicKey(key.publicKey);
  if (publicKey.asymmetricKeyType !== 'ed25519') {
    throw new UnexpectedError('envelope.bad_key', `Key "${key.keyId}" is not an Ed25519 key`);
  }
  return { service: key.service, publicKey };
}
