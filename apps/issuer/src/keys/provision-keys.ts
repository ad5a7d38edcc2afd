import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import path from 'node:path';
import { ROLES, type Role } from '@easyflow/platform-database';
import {
  readJwtKeys,
  senderKeyOf,
  SERVICE_NAMES,
  workloadIdentity,
  type JwtKey,
  type SenderKey,
  type ServiceName,
  type WorkloadIdentity,
} from '@easyflow/tenant-context';

/** Keys of one installation, and the files they are in (all 0600, in a folder of 0700). */
export interface ProvisionedKeys {
  jwtKeys: JwtKey[];
  identities: Record<ServiceName, WorkloadIdentity>;
  senderKeys: SenderKey[];
  adminKey: string;
  rolePasswords: Record<Role, string>;
  files: {
    jwtKey: string;
    /** JSON list of `{keyId, service, publicKey}`. */
    workloads: string;
    /** PKCS #8 PEM, one a service. */
    identities: Record<ServiceName, string>;
    adminKey: string;
  };
}

/**
 * Reads the file, or writes it with what `make` gives. It appears whole or not at all: a process that
 * dies while writing leaves only a temporary file.
 */
async function keep(file: string, make: () => string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const content = make();
  const temporary = `${file}.${process.pid}`;
  const handle = await open(temporary, 'w', 0o600);
  try {
    await handle.writeFile(content);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(temporary, file);
  return content;
}

function pem(type: 'ed25519' | 'ec'): string {
  const { privateKey } =
    type === 'ec'
      ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
      : generateKeyPairSync('ed25519');
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/**
 * Makes every key of a local installation once and reads them ever after: the key of access tokens,
 * one identity a service, the admin key, the passwords of the database roles. Token keys are not
 * among them: they are made inside Postgres and never leave it.
 */
export async function provisionKeys(folder: string): Promise<ProvisionedKeys> {
  const identityFolder = path.join(folder, 'identities');
  await mkdir(identityFolder, { recursive: true, mode: 0o700 });
  const identityFiles = {} as Record<ServiceName, string>;
  const identities = {} as Record<ServiceName, WorkloadIdentity>;
  for (const service of SERVICE_NAMES) {
    identityFiles[service] = path.join(identityFolder, `${service}.pem`);
    const key = await keep(identityFiles[service], () => pem('ed25519'));
    identities[service] = workloadIdentity(service, key);
  }
  const senderKeys = SERVICE_NAMES.map((service) => senderKeyOf(identities[service]));
  const files = {
    jwtKey: path.join(folder, 'access-tokens.pem'),
    workloads: path.join(folder, 'workloads.json'),
    identities: identityFiles,
    adminKey: path.join(folder, 'admin.key'),
  };
  await keep(files.workloads, () => JSON.stringify(senderKeys, null, 2));
  const adminKey = await keep(
    files.adminKey,
    () => `efadmin_${randomBytes(32).toString('base64url')}`,
  );
  const passwords = await keep(path.join(folder, 'database-passwords.json'), () =>
    JSON.stringify(
      Object.fromEntries(ROLES.map((role) => [role, randomBytes(24).toString('base64url')])),
    ),
  );
  return {
    jwtKeys: readJwtKeys(await keep(files.jwtKey, () => pem('ec'))),
    identities,
    senderKeys,
    adminKey,
    rolePasswords: JSON.parse(passwords) as Record<Role, string>,
    files,
  };
}

/** The demo tenant of a local installation. */
export interface DemoTenant {
  tenantId: string;
  apiKey: string;
  login: { email: string; password: string };
}

/** Reads or makes the file that keeps the demo tenant's ids and credentials. */
export async function keepDemoTenant(folder: string, make: () => DemoTenant): Promise<DemoTenant> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const content = await keep(path.join(folder, 'demo-tenant.json'), () => JSON.stringify(make()));
  return JSON.parse(content) as DemoTenant;
}
