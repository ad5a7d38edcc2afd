import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { UnexpectedError } from '@easyflow/kernel-errors';
import type { Issuance } from '@easyflow/tenant-context';
import { demoTenant, hasDemoTenant, installationKeys } from './installation-keys';

describe('the keys of a data folder', () => {
  let folder: string;
  beforeEach(async () => (folder = await mkdtemp(path.join(tmpdir(), 'easyflow-keys-'))));
  afterEach(() => rm(folder, { recursive: true }));

  const damage = (name: string) => writeFile(path.join(folder, 'keys', name), '');
  const clear = { name: 'LocalServerError', fix: expect.stringContaining('data folder') };

  it('stay the same', async () => {
    const first = await installationKeys(folder);
    expect((await installationKeys(folder)).adminKey).toBe(first.adminKey);
  });

  it.each(['admin.key', 'access-tokens.pem', 'database-passwords.json', 'identities/issuer.pem'])(
    'are damaged when %s is empty',
    async (name) => {
      await installationKeys(folder);
      await damage(name);
      await expect(installationKeys(folder)).rejects.toMatchObject(clear);
    },
  );

  it('have no demo tenant until one is made, whatever else the folder holds', async () => {
    expect(hasDemoTenant(folder)).toBe(false);
    await installationKeys(folder);
    expect(hasDemoTenant(folder)).toBe(false);
    const known = { resolveKey: () => Promise.resolve({}) } as unknown as Issuance;
    await demoTenant(known, folder);
    expect(hasDemoTenant(folder)).toBe(true);
  });

  it('are damaged when the demo tenant’s file is, or is of another database', async () => {
    await installationKeys(folder);
    const refused = new UnexpectedError('database.statement_refused', 'unique');
    const issuance = { resolveKey: () => Promise.reject(refused) } as unknown as Issuance;
    await expect(demoTenant(issuance, folder)).rejects.toMatchObject(clear);
    await damage('demo-tenant.json');
    await expect(demoTenant(issuance, folder)).rejects.toMatchObject(clear);
  });
});
