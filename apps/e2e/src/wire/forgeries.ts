import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { MESSAGE_HEADERS, tenantEventsTopic } from '@easyflow/contracts-events';
import {
  EnvelopeSigner,
  workloadIdentity,
  type ServiceName,
  type WorkloadIdentity,
} from '@easyflow/tenant-context';
import type { Shape } from '../shape/shape';
import type { WireRecord } from './wire';

/** A kind of message that a service of a running shape hears. */
export interface Channel {
  type: string;
  /** Names the handler; the type, but for requests. */
  pattern: string;
  topic: string;
  sender: ServiceName;
  heardBy: ServiceName;
  /** As its sender signs it; null on control topics that concern no one tenant. */
  tenantId: string | null;
  value: string;
  /** A payload that names another tenant where it can name one. */
  foreign?: string;
}

/** A record and the code with which whoever hears it has to refuse it. */
export interface Forgery {
  what: string;
  record: WireRecord;
  code: string;
}

/**
 * Begins what a forger writes, and must be found nowhere else. Short, because an error of JSON.parse quotes ten
 * characters.
 */
export const CANARY = 'c4n4ry';

/** Kafka's own limit is 1 MiB a record batch. */
const HUGE = 1_000_000;

/** The identity with which a service of this shape signs, as an intruder on its machine finds it. */
export async function identityOf(shape: Shape, service: ServiceName): Promise<WorkloadIdentity> {
  const file = path.join(shape.dataDir, 'keys', 'identities', `${service}.pem`);
  return workloadIdentity(service, await readFile(file, 'utf8'));
}

/** The record as its sender would send it. */
export function genuine(channel: Channel, sender: WorkloadIdentity): WireRecord {
  return signed(channel, sender);
}

/** Everything that somebody without the sender's key, or with another service's, may try on a channel. */
export function forgeries(
  channel: Channel,
  sender: WorkloadIdentity,
  other: WorkloadIdentity,
  foreignTenant: string,
): Forgery[] {
  const { topic, pattern } = channel;
  const good = signed(channel, sender);
  const stranger = generateKeyPairSync('ed25519').privateKey;
  const bare = (headers: Record<string, string>, value: string | null): WireRecord => ({
    topic,
    headers,
    value,
  });
  const forged: Forgery[] = [
    {
      what: 'forged_header: a key that nobody knows',
      record: signed(channel, { ...sender, keyId: 'gateway.unknown', privateKey: stranger }),
      code: 'unknown_sender',
    },
    {
      what: 'forged_header: a known key id, another key',
      record: signed(channel, { ...sender, privateKey: stranger }),
      code: 'bad_signature',
    },
    {
      what: 'forged_header: another service in the name of the sender',
      record: signed(channel, { ...other, service: sender.service }),
      code: 'unknown_sender',
    },
    {
      what: 'forged_header: a service that may not send this',
      record: signed(channel, other),
      code: 'unknown_sender',
    },
    {
      what: 'forged_header: claims that were changed',
      record: changed(good, { tenantId: foreignTenant }),
      code: 'bad_signature',
    },
    {
      what: 'forged_header: no signature',
      record: bare({ pattern, envelope: good.headers['envelope'] ?? '' }, good.value),
      code: 'missing',
    },
    {
      what: 'header_payload_mismatch',
      record: { ...good, value: JSON.stringify({ forged: CANARY }) },
      code: 'payload_mismatch',
    },
    {
      what: 'topic_mismatch',
      record: { ...signed({ ...channel, topic: tenantEventsTopic(foreignTenant) }, sender), topic },
      code: 'topic_mismatch',
    },
    {
      what: 'expired_envelope',
      record: signed(channel, sender, -1_000),
      code: 'expired',
    },
    {
      what: 'another version of the signature',
      record: resigned(good, sender.privateKey, {}, 'easyflow-envelope-v2.'),
      code: 'bad_signature',
    },
    {
      what: 'another version of the claims',
      record: resigned(good, sender.privateKey, { version: 2 }),
      code: 'missing',
    },
    {
      what: 'a type that does not exist',
      record: resigned(good, sender.privateKey, { type: `${channel.type}.v2` }),
      code: 'unknown_sender',
    },
    { what: 'poison: nothing at all', record: bare({}, null), code: 'missing' },
    { what: 'poison: an empty value', record: bare({ pattern }, ''), code: 'missing' },
    {
      what: 'poison: a megabyte of garbage',
      record: bare({}, CANARY.padEnd(HUGE, '\u0000"{[')),
      code: 'missing',
    },
    {
      what: 'poison: a megabyte of garbage as envelope',
      record: bare(
        { pattern, envelope: CANARY.padEnd(HUGE / 2, '_-A'), 'envelope-signature': '=' },
        '{}',
      ),
      code: 'missing',
    },
    {
      what: 'poison: an envelope of brackets',
      record: bare(
        {
          pattern,
          envelope: Buffer.from('['.repeat(200_000)).toString('base64url'),
          'envelope-signature': 'x',
        },
        '{}',
      ),
      code: 'missing',
    },
  ];
  if (channel.tenantId !== null) {
    const value = channel.foreign ?? channel.value;
    const record =
      channel.foreign === undefined
        ? signed({ ...channel, tenantId: foreignTenant }, sender)
        : signed({ ...channel, value }, sender);
    forged.push({ what: 'signed_for_foreign_tenant', record, code: 'tenant_mismatch' });
  }
  return forged.map((each) => ({ ...each, code: `envelope.${each.code}` }));
}

function signed(channel: Channel, identity: WorkloadIdentity, ttlMs?: number): WireRecord {
  const { topic, type, tenantId, value, pattern } = channel;
  const content = { topic, type, tenantId, value, ...(ttlMs === undefined ? {} : { ttlMs }) };
  const headers = new EnvelopeSigner(identity).sign(content);
  return { topic, headers: { ...headers, [MESSAGE_HEADERS.pattern]: pattern }, value };
}

function claimsOf(record: WireRecord): Record<string, unknown> {
  const text = record.headers[MESSAGE_HEADERS.envelope] ?? '';
  return JSON.parse(Buffer.from(text, 'base64url').toString('utf8')) as Record<string, unknown>;
}

const encoded = (claims: unknown) => Buffer.from(JSON.stringify(claims)).toString('base64url');

/** Claims that were changed without the key. */
function changed(record: WireRecord, change: Record<string, unknown>): WireRecord {
  const envelope = encoded({ ...claimsOf(record), ...change });
  return { ...record, headers: { ...record.headers, [MESSAGE_HEADERS.envelope]: envelope } };
}

/** Claims that were changed with the key, by another program. */
function resigned(
  record: WireRecord,
  key: KeyObject,
  change: Record<string, unknown>,
  purpose = 'easyflow-envelope-v1.',
): WireRecord {
  const { headers } = changed(record, change);
  const envelope = headers[MESSAGE_HEADERS.envelope] ?? '';
  const signature = sign(null, Buffer.from(purpose + envelope), key).toString('base64url');
  return { ...record, headers: { ...headers, [MESSAGE_HEADERS.signature]: signature } };
}
