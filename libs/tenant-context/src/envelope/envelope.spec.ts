import { maySend, MESSAGE_TYPES, tenantEventsTopic } from '@easyflow/contracts-events';
import type { ServiceName } from '@easyflow/contracts-events';
import { OperationalError } from '@easyflow/kernel-errors';
import { newId } from '@easyflow/kernel-ids';
import type { IncomingRecord } from '@easyflow/platform-messaging';
import { generateKeyPairSync } from 'node:crypto';
import type { SenderKey } from '../issuer/issuer-port';
import { EnvelopeSigner, type EnvelopeContent } from './envelope-signer';
import { EnvelopeVerifier } from './envelope-verifier';

const tenantA = newId();
const tenantB = newId();
const topicA = tenantEventsTopic(tenantA);
const topicB = tenantEventsTopic(tenantB);

let now = Date.parse('2026-11-22T12:00:00Z');
const clock = { now: () => now, monotonic: () => now };

function party(service: ServiceName, keyId = `${service}-1`) {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  return {
    signer: new EnvelopeSigner({ keyId, service, privateKey, clock }),
    key: { keyId, service, publicKey: pem } satisfies SenderKey,
  };
}

const gateway = party('gateway');
const executor = party('executor');
const registry = party('flow-registry');
/** Holds a key of its own that no registry lists. */
const outsider = party('gateway', 'outsider-1');

let offset = 0;
/** The record as it lies on a topic; every append has an offset of its own. */
function appended(headers: Record<string, string>, topic: string, value: string): IncomingRecord {
  offset += 1;
  return { topic, headers, value, partition: 0, offset: String(offset), timestamp: now };
}
function signed(
  by: EnvelopeSigner,
  content: Partial<EnvelopeContent> = {},
): { headers: Record<string, string>; content: EnvelopeContent } {
  const whole = { topic: topicA, type: 'hint', tenantId: tenantA, value: '{}', ...content };
  return { headers: by.sign(whole), content: whole };
}
const hint = (by = gateway.signer, content: Partial<EnvelopeContent> = {}): IncomingRecord => {
  const { headers, content: whole } = signed(by, content);
  return appended(headers, whole.topic, whole.value);
};

/** A header whose claims were changed without the key. */
function tampered(record: IncomingRecord, change: Record<string, unknown>): IncomingRecord {
  const envelope = record.headers['envelope'] ?? '';
  const claims = JSON.parse(Buffer.from(envelope, 'base64url').toString()) as object;
  const forged = Buffer.from(JSON.stringify({ ...claims, ...change })).toString('base64url');
  return { ...record, headers: { ...record.headers, envelope: forged } };
}

describe('the envelope', () => {
  let verifier: EnvelopeVerifier;
  const keys = jest.fn(async () => [gateway.key, executor.key, registry.key]);
  const code = (name: string) => ({ code: `envelope.${name}`, status: 403 });

  beforeEach(() => {
    keys.mockClear();
    verifier = new EnvelopeVerifier({ keys, allowed: maySend, clock });
  });

  it('gives the claims of a record that is as it was signed', async () => {
    const record = hint(gateway.signer, { epoch: 7, ids: ['x'] });
    expect(await verifier.verify(record)).toMatchObject({
      keyId: 'gateway-1',
      sender: 'gateway',
      type: 'hint',
      tenantId: tenantA,
      topic: topicA,
      epoch: 7,
      ids: ['x'],
      issuedAt: now,
      expiresAt: now + MESSAGE_TYPES.hint.lifetimeMs,
    });
  });

  describe('forged_header', () => {
    it('refuses claims that were changed', async () => {
      const record = hint();
      await expect(
        verifier.verify(tampered(record, { expiresAt: now + 1e9 })),
      ).rejects.toMatchObject(code('bad_signature'));
      await expect(verifier.verify(record)).resolves.toBeDefined();
    });

    it('refuses a key that no registry lists, and a name that is not the key’s', async () => {
      await expect(verifier.verify(hint(outsider.signer))).rejects.toMatchObject(
        code('unknown_sender'),
      );
      await expect(verifier.verify(tampered(hint(), { sender: 'executor' }))).rejects.toMatchObject(
        code('unknown_sender'),
      );
      await expect(
        verifier.verify(tampered(hint(outsider.signer), { keyId: 'gateway-1' })),
      ).rejects.toMatchObject(code('bad_signature'));
    });

    it.each([
      ['no headers', {}],
      ['no signature', { envelope: 'e30' }],
      ['no JSON', { envelope: 'AAAA', 'envelope-signature': 'AAAA' }],
      ['no claims', { envelope: 'e30', 'envelope-signature': 'AAAA' }],
    ])('refuses a record with %s', async (_what, headers) => {
      await expect(verifier.verify(appended(headers, topicA, '{}'))).rejects.toMatchObject(
        code('missing'),
      );
    });

    it('refuses the signature of another record of the same sender', async () => {
      const record = hint();
      const { 'envelope-signature': signature } = signed(gateway.signer, {
        value: 'other',
      }).headers;
      const swapped = { ...record.headers, 'envelope-signature': signature ?? '' };
      await expect(verifier.verify({ ...record, headers: swapped })).rejects.toMatchObject(
        code('bad_signature'),
      );
    });
  });

  describe('signed_for_foreign_tenant', () => {
    it('refuses a sender that may not send the type, whatever tenant it names', async () => {
      const record = hint(registry.signer, { topic: topicB, tenantId: tenantB });
      await expect(verifier.verify(record)).rejects.toMatchObject(code('unknown_sender'));
      await expect(
        verifier.verify(hint(gateway.signer, { topic: topicB, tenantId: tenantB })),
      ).resolves.toMatchObject({ tenantId: tenantB });
    });

    it("refuses an envelope of tenant A that was signed for tenant B's topic", async () => {
      const record = hint(executor.signer, { topic: topicB, tenantId: tenantA });
      await expect(verifier.verify(record)).rejects.toMatchObject(code('tenant_mismatch'));
    });

    it("refuses an envelope of no tenant on a tenant's topic", async () => {
      const record = hint(gateway.signer, { tenantId: null });
      await expect(verifier.verify(record)).rejects.toMatchObject(code('tenant_mismatch'));
    });
  });

  describe('expired_envelope', () => {
    it('refuses a record from its expiry on', async () => {
      const record = hint(gateway.signer, { ttlMs: 1_000 });
      await expect(verifier.verify(record)).resolves.toBeDefined();
      now += 1_000;
      await expect(verifier.verify(record)).rejects.toMatchObject(code('expired'));
    });

    it('refuses a record of the future, but forgives a clock that is a little ahead', async () => {
      now += 4_000;
      const near = hint();
      now += 60_000;
      const far = hint();
      now -= 64_000;
      await expect(verifier.verify(near)).resolves.toBeDefined();
      await expect(verifier.verify(far)).rejects.toMatchObject(code('expired'));
    });
  });

  describe('header_payload_mismatch', () => {
    it('refuses another payload under a good header', async () => {
      const record = hint();
      await expect(verifier.verify({ ...record, value: '{ }' })).rejects.toMatchObject(
        code('payload_mismatch'),
      );
      await expect(verifier.verify(record)).resolves.toBeDefined();
    });

    it('refuses a payload that names another tenant than the envelope, though signed', async () => {
      const event = { specversion: '1.0', id: '1', source: 's', type: 't' };
      const batch = (...tenants: string[]): IncomingRecord =>
        hint(executor.signer, {
          type: 'lifecycle',
          value: JSON.stringify(tenants.map((tenantid) => ({ ...event, tenantid }))),
        });
      await expect(verifier.verify(batch(tenantA, tenantB))).rejects.toMatchObject(
        code('tenant_mismatch'),
      );
      await expect(verifier.verify(batch(tenantA, tenantA))).resolves.toBeDefined();

      const notice = (tenantId: string): IncomingRecord =>
        hint(gateway.signer, {
          type: 'tenant.created',
          topic: 'easyflow.notices',
          value: JSON.stringify({ tenantId }),
        });
      await expect(verifier.verify(notice(tenantB))).rejects.toMatchObject(code('tenant_mismatch'));
      await expect(verifier.verify(notice(tenantA))).resolves.toBeDefined();
    });

    it('refuses a payload that is not JSON', async () => {
      await expect(verifier.verify(hint(gateway.signer, { value: '{' }))).rejects.toMatchObject(
        code('payload_mismatch'),
      );
    });
  });

  describe('topic_mismatch', () => {
    it('refuses a record that was copied to another topic', async () => {
      const { headers } = signed(gateway.signer);
      await expect(verifier.verify(appended(headers, topicB, '{}'))).rejects.toMatchObject(
        code('topic_mismatch'),
      );
      await expect(verifier.verify(appended(headers, topicA, '{}'))).resolves.toBeDefined();
    });
  });

  describe('message_replay', () => {
    const request = (): { headers: Record<string, string>; topic: string; value: string } => {
      const topic = 'easyflow.flow-registry.requests';
      const value = JSON.stringify({ tenantId: tenantA });
      return {
        topic,
        value,
        headers: signed(gateway.signer, { topic, type: 'request', value }).headers,
      };
    };

    it('refuses a second copy of a single-use message, not the redelivery of the first', async () => {
      const { headers, topic, value } = request();
      const first = appended(headers, topic, value);
      const copy = appended(headers, topic, value);
      await expect(verifier.verify(first)).resolves.toBeDefined();
      await expect(verifier.verify(copy)).rejects.toMatchObject(code('replayed'));
      await expect(verifier.verify(first)).resolves.toBeDefined();
      const other = request();
      await expect(
        verifier.verify(appended(other.headers, other.topic, other.value)),
      ).resolves.toBeDefined();
    });

    it('refuses the copy by its age once the memory has forgotten it', async () => {
      const { headers, topic, value } = request();
      await verifier.verify(appended(headers, topic, value));
      now += MESSAGE_TYPES.request.lifetimeMs;
      await expect(verifier.verify(appended(headers, topic, value))).rejects.toMatchObject(
        code('expired'),
      );
    });

    it('remembers no more messages than it has room for', async () => {
      const small = new EnvelopeVerifier({ keys, allowed: maySend, clock, replayCapacity: 2 });
      const three = [request(), request(), request()];
      const again = (index: number): Promise<unknown> => {
        const each = three[index];
        if (!each) throw new Error('no request');
        return small.verify(appended(each.headers, each.topic, each.value));
      };
      for (const index of three.keys()) await again(index);
      await expect(again(2)).rejects.toMatchObject(code('replayed'));
      await expect(again(0)).resolves.toBeDefined();
    });

    it('lets idempotent messages come again', async () => {
      const { headers } = signed(gateway.signer);
      await verifier.verify(appended(headers, topicA, '{}'));
      await expect(verifier.verify(appended(headers, topicA, '{}'))).resolves.toBeDefined();
    });
  });

  describe("the senders' keys", () => {
    it('are asked for once, and again when an unknown key appears, but not for every forged one', async () => {
      for (let index = 0; index < 5; index += 1) await verifier.verify(hint());
      expect(keys).toHaveBeenCalledTimes(1);
      now += 2_000;
      for (let index = 0; index < 5; index += 1) {
        await expect(verifier.verify(hint(outsider.signer))).rejects.toMatchObject(
          code('unknown_sender'),
        );
      }
      expect(keys).toHaveBeenCalledTimes(2);
    });

    it('are learned when a sender got a new one', async () => {
      await verifier.verify(hint());
      keys.mockResolvedValueOnce([gateway.key, { ...outsider.key }]);
      now += 2_000;
      await expect(verifier.verify(hint(outsider.signer))).resolves.toBeDefined();
    });

    it('stop counting a minute after they were retired', async () => {
      await verifier.verify(hint());
      keys.mockResolvedValueOnce([executor.key]);
      now += 60_000;
      await expect(verifier.verify(hint())).rejects.toMatchObject(code('unknown_sender'));
    });

    it('stay good for a while when their source is down; without any the record waits', async () => {
      await verifier.verify(hint());
      const down = new OperationalError('issuer.unavailable', 'down');
      keys.mockRejectedValueOnce(down);
      now += 120_000;
      await expect(verifier.verify(hint())).resolves.toBeDefined();
      const fresh = new EnvelopeVerifier({
        keys: () => Promise.reject(down),
        allowed: maySend,
        clock,
      });
      await expect(fresh.verify(hint())).rejects.toMatchObject({ retryable: true });
    });
  });

  it('is not signed for types that do not exist or with keys of another kind', () => {
    expect(() => signed(gateway.signer, { type: 'nonsense' })).toThrow(
      expect.objectContaining({ code: 'envelope.unknown_type' }) as Error,
    );
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    expect(() => new EnvelopeSigner({ keyId: 'k', service: 'gateway', privateKey })).toThrow(
      expect.objectContaining({ code: 'envelope.bad_key' }) as Error,
    );
  });
});
