import { MESSAGE_HEADERS, messageType } from '@easyflow/contracts-events';
import type { EnvelopeClaims, ServiceName } from '@easyflow/contracts-events';
import { UnexpectedError } from '@easyflow/kernel-errors';
import { newId } from '@easyflow/kernel-ids';
import { systemClock, type Clock } from '@easyflow/kernel-time';
import { createPrivateKey, sign, type KeyObject } from 'node:crypto';
import { payloadHash, signedBytes } from './signed-bytes';

export interface EnvelopeSignerOptions {
  /** Names the public key in the registry of senders. */
  keyId: string;
  service: ServiceName;
  /** Ed25519, PKCS #8 in PEM, or the key itself. */
  privateKey: string | KeyObject;
  clock?: Clock;
}

/** What is signed of a record. */
export interface EnvelopeContent {
  topic: string;
  /** One of MESSAGE_TYPES that this service may send. */
  type: string;
  /** Null on control topics that concern no one tenant. */
  tenantId: string | null;
  epoch?: number;
  ids?: readonly string[];
  value: string;
  /** Default: the lifetime of the message type. */
  ttlMs?: number;
}

/** Signs records with the service's own key. One signature costs about 31 µs: never one an event. */
export class EnvelopeSigner {
  private readonly key: KeyObject;
  private readonly clock: Clock;

  /** @throws UnexpectedError `envelope.bad_key` when the key is not an Ed25519 private key */
  constructor(private readonly options: EnvelopeSignerOptions) {
    this.key = privateKeyOf(options.privateKey);
    this.clock = options.clock ?? systemClock;
  }

  /**
   * The envelope's headers for a record, to be sent unchanged with exactly this topic and value.
   * @throws UnexpectedError `envelope.unknown_type` when no such message type exists
   */
  sign(content: EnvelopeContent): Record<string, string> {
    const type = messageType(content.type);
    if (!type) {
      throw new UnexpectedError(
        'envelope.unknown_type',
        `"${content.type}" is no message type; add it to MESSAGE_TYPES of contracts/events`,
      );
    }
    const issuedAt = Math.floor(this.clock.now());
    const claims: EnvelopeClaims = {
      keyId: this.options.keyId,
      sender: this.options.service,
      type: content.type,
      tenantId: content.tenantId,
      topic: content.topic,
      epoch: content.epoch ?? 0,
      ids: [...(content.ids ?? [])],
      payloadHash: payloadHash(content.value),
      issuedAt,
      expiresAt: issuedAt + (content.ttlMs ?? type.lifetimeMs),
      messageId: newId(),
    };
    const envelope = Buffer.from(JSON.stringify(claims)).toString('base64url');
    const signature = sign(null, signedBytes(envelope), this.key).toString('base64url');
    return { [MESSAGE_HEADERS.envelope]: envelope, [MESSAGE_HEADERS.signature]: signature };
  }
}

function privateKeyOf(source: string | KeyObject): KeyObject {
  const key = typeof source === 'string' ? createPrivateKey(source) : source;
  if (key.type !== 'private' || key.asymmetricKeyType !== 'ed25519') {
    throw new UnexpectedError(
      'envelope.bad_key',
      'Envelopes are signed with an Ed25519 private key',
    );
  }
  return key;
}
