import { createHash, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Role } from '@easyflow/platform-database';
import { UserError } from '@easyflow/kernel-errors';
import type { ServiceName } from '../context/tenant';
import type { SenderKey } from './issuer-port';

/** The identity of a service: one Ed25519 key, which authenticates it to the issuer and signs its messages. */
export interface WorkloadIdentity {
  service: ServiceName;
  keyId: string;
  privateKey: KeyObject;
}

/** Roles whose tokens the issuer mints for a workload: those of the passwords it holds and that serve requests. */
export const WORKLOAD_ROLES: Readonly<Record<ServiceName, readonly Role[]>> = {
  gateway: ['ef_api', 'ef_writer'],
  'flow-registry': ['ef_registry'],
  scheduler: ['ef_scheduler'],
  analytics: ['ef_analytics'],
  // It earns its tokens with leases only.
  executor: [],
  issuer: [],
};

/** What a workload's slots may lease, and the tokens its leases earn. */
export const WORKLOAD_LEASES: Readonly<
  Partial<Record<ServiceName, { kinds: readonly string[]; audiences: readonly Role[] }>>
> = {
  executor: { kinds: ['execution', 'outbox'], audiences: ['ef_worker', 'ef_writer'] },
  scheduler: { kinds: ['schedule', 'release'], audiences: ['ef_scheduler', 'ef_writer'] },
  analytics: { kinds: ['rollup', 'sweep'], audiences: ['ef_analytics'] },
};

/** Names a key by its service and the SHA-256 of its public part. */
export function workloadKeyId(service: ServiceName, key: KeyObject): string {
  const spki = createPublicKey(key.export({ type: 'pkcs8', format: 'pem' })).export({
    type: 'spki',
    format: 'der',
  });
  return `${service}.${createHash('sha256').update(spki).digest('base64url').slice(0, 16)}`;
}

/**
 * Reads a service's identity from its key (PKCS #8 PEM, Ed25519).
 * @throws UserError `identity.invalid` when the text is no such key
 */
export function workloadIdentity(service: ServiceName, pem: string): WorkloadIdentity {
  let privateKey: KeyObject;
  try {
    privateKey = createPrivateKey(pem);
  } catch (cause) {
    throw new UserError('identity.invalid', `The identity key of ${service} is no PKCS #8 PEM`, {
      cause,
    });
  }
  if (privateKey.asymmetricKeyType !== 'ed25519') {
    throw new UserError('identity.invalid', `The identity key of ${service} must be Ed25519`);
  }
  return { service, keyId: workloadKeyId(service, privateKey), privateKey };
}

/** Reads a service's identity from its key file. */
export async function readWorkloadIdentity(
  service: ServiceName,
  file: string,
): Promise<WorkloadIdentity> {
  return workloadIdentity(service, await readFile(file, 'utf8'));
}

/** What others need to verify the identity's signatures. */
export function senderKeyOf(identity: WorkloadIdentity): SenderKey {
  const pem = identity.privateKey.export({ type: 'pkcs8', format: 'pem' });
  const publicKey = createPublicKey(pem).export({ type: 'spki', format: 'pem' }).toString();
  return { keyId: identity.keyId, service: identity.service, publicKey };
}
