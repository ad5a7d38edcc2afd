import {
  envelopeClaimsSchema,
  MESSAGE_HEADERS,
  messageType,
  tenantOfEventsTopic,
} from '@easyflow/contracts-events';
import type { EnvelopeClaims, ServiceName } from '@easyflow/contracts-events';
import { UserError } from '@easyflow/kernel-errors';
import { systemClock, type Clock } from '@easyflow/kernel-time';
import type { IncomingRecord } from '@easyflow/platform-messaging';
import { verify } from 'node:crypto';
import type { SenderKey } from '../issuer/issuer-port';
import { payloadTenants } from './payload-tenants';
import { ReplayMemory } from './replay-memory';
import { SenderKeyring } from './sender-keyring';
import { payloadHash, signedBytes } from './signed-bytes';

export interface EnvelopeVerifierOptions {
  /** All senders' public keys; asked again when a record names a key that is not known yet. */
  keys: () => Promise<readonly SenderKey[]>;
  /** Whether a service may send a type; `maySend` of contracts/events. */
  allowed: (sender: ServiceName, type: string) => boolean;
  clock?: Clock;
  /** Message ids remembered for single-use types; default 100,000. */
  replayCapacity?: number;
  /** How far ahead of ours a sender's clock may be, milliseconds; default 5,000. */
  clockSkewMs?: number;
}

/**
 * Verifies who sent a record and that it is the record that was signed. It proves the sender, not its right to
 * the tenant: what it returns only says where to look under row-level security.
 */
export class EnvelopeVerifier {
  private readonly keyring: SenderKeyring;
  private readonly replays: ReplayMemory;
  private readonly clock: Clock;
  private readonly skewMs: number;

  constructor(private readonly options: EnvelopeVerifierOptions) {
    this.clock = options.clock ?? systemClock;
    this.keyring = new SenderKeyring(options.keys, this.clock);
    this.replays = new ReplayMemory(options.replayCapacity ?? 100_000);
    this.skewMs = options.clockSkewMs ?? 5_000;
  }

  /**
   * The signed claims of a record.
   * @throws UserError `envelope.missing`, `envelope.bad_signature`, `envelope.unknown_sender`,
   *   `envelope.topic_mismatch`, `envelope.payload_mismatch`, `envelope.tenant_mismatch`, `envelope.expired` or
   *   `envelope.replayed`: the record is to be skipped
   * @throws OperationalError what `keys` throws when the senders' keys cannot be read
   */
  async verify(record: IncomingRecord): Promise<EnvelopeClaims> {
    const { text, signature, claims } = parseEnvelope(record.headers);
    const key = await this.keyring.find(claims.keyId);
    if (!key || key.service !== claims.sender) {
      throw refused('unknown_sender', `No key "${claims.keyId}" of service "${claims.sender}"`);
    }
    if (!verify(null, signedBytes(text), key.publicKey, signature)) {
      throw refused('bad_signature', 'The signature does not fit the envelope');
    }
    if (!this.options.allowed(claims.sender, claims.type)) {
      throw refused('unknown_sender', `"${claims.sender}" may not send "${claims.type}"`);
    }
    assertPlaceAndPayload(record, claims);
    this.assertFresh(record, claims);
    return claims;
  }

  private assertFresh(record: IncomingRecord, claims: EnvelopeClaims): void {
    const now = this.clock.now();
    if (claims.expiresAt <= now || claims.issuedAt > now + this.skewMs) {
      throw refused('expired', 'The envelope has expired or is not valid yet');
    }
    if (!messageType(claims.type)?.singleUse) return;
    if (!this.replays.admit(claims, record, now)) {
      throw refused('replayed', `Message ${claims.messageId} was delivered before`);
    }
  }
}

/** After the signature holds: the record must be the one that was signed, where it was signed for. */
function assertPlaceAndPayload(record: IncomingRecord, claims: EnvelopeClaims): void {
  if (claims.topic !== record.topic) {
    throw refused('topic_mismatch', `Signed for ${claims.topic}, found on ${record.topic}`);
  }
  if (claims.payloadHash !== payloadHash(record.value)) {
    throw refused('payload_mismatch', 'The payload is not the one that was signed');
  }
  const owner = tenantOfEventsTopic(record.topic);
  if (owner !== undefined && owner !== claims.tenantId) {
    throw refused('tenant_mismatch', 'The envelope is for another tenant than the topic');
  }
  if (claims.tenantId === null) return;
  for (const tenant of payloadTenants(record.value)) {
    if (tenant !== claims.tenantId) {
      throw refused('tenant_mismatch', 'The payload names another tenant than the envelope');
    }
  }
}

function parseEnvelope(headers: Record<string, string>): {
  text: string;
  signature: Buffer;
  claims: EnvelopeClaims;
} {
  const text = headers[MESSAGE_HEADERS.envelope];
  const signature = headers[MESSAGE_HEADERS.signature];
  if (!text || !signature) throw refused('missing', 'The record carries no envelope');
  const parsed = envelopeClaimsSchema.safeParse(jsonOf(Buffer.from(text, 'base64url')));
  if (!parsed.success) throw refused('missing', 'The envelope header holds no claims');
  return { text, signature: Buffer.from(signature, 'base64url'), claims: parsed.data };
}

function jsonOf(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    throw refused('missing', 'The envelope header is not readable', cause);
  }
}

function refused(reason: string, message: string, cause?: unknown): UserError {
  return new UserError(`envelope.${reason}`, message, { status: 403, cause });
}
