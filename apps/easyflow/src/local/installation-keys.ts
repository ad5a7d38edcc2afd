import { existsSync } from 'node:fs';
import path from 'node:path';
import {
  ensureDemoTenant,
  provisionKeys,
  type DemoTenant,
  type ProvisionedKeys,
} from '@easyflow/issuer';
import { EasyFlowError } from '@easyflow/kernel-errors';
import { LocalServerError } from '@easyflow/platform-local-servers';
import type { Issuance } from '@easyflow/tenant-context';

/** Reads the keys of a data folder, or makes them. @throws LocalServerError when they are damaged */
export async function installationKeys(dataDir: string): Promise<ProvisionedKeys> {
  const folder = path.join(dataDir, 'keys');
  const keys = await provisionKeys(folder).catch((error: unknown) => {
    throw damaged(folder, error);
  });
  if (keys.adminKey.trim() === '') throw damaged(folder, new Error('admin.key is empty'));
  return keys;
}

/** Whether a data folder has a demo tenant already: else this start makes it, and shows its credentials. */
export function hasDemoTenant(dataDir: string): boolean {
  return existsSync(path.join(dataDir, 'keys', 'demo-tenant.json'));
}

/**
 * The demo tenant of a data folder.
 * @throws LocalServerError when its file is damaged, or is not the one of this database
 */
export async function demoTenant(issuance: Issuance, dataDir: string): Promise<DemoTenant> {
  const folder = path.join(dataDir, 'keys');
  return ensureDemoTenant(issuance, folder).catch((error: unknown) => {
    const isRefused = error instanceof EasyFlowError && error.code === 'database.statement_refused';
    if (!isRefused && !(error instanceof SyntaxError)) throw error;
    throw damaged(folder, isRefused ? new Error('the database has another demo tenant') : error);
  });
}

function damaged(folder: string, cause: unknown): LocalServerError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new LocalServerError(
    `The keys in ${folder} are damaged: ${reason.replaceAll('\n', ' ')}.`,
    'restore the data folder from a backup, or delete the whole of it to start with an empty one.',
    { cause },
  );
}
