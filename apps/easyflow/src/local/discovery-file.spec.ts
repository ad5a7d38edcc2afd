import { existsSync, statSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DiscoveryFile, type Discovery } from './discovery-file';

describe('DiscoveryFile', () => {
  let folder: string;
  let file: DiscoveryFile;
  let where: string;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'easyflow-discovery-'));
    file = new DiscoveryFile('dev.json', folder);
    where = path.join(folder, '.easyflow/dev.json');
  });
  afterEach(() => rm(folder, { recursive: true }));

  const of = (pid: number): Discovery => ({
    pid,
    url: 'http://127.0.0.1:1',
    tenantId: 't',
    apiKey: 'k',
    adminKey: 'a',
    login: { email: 'e', password: 'p' },
    databaseUrl: 'postgres://',
  });

  it('is its owner’s alone, and removed by it', async () => {
    await file.write(of(process.pid));
    expect(JSON.parse(await readFile(where, 'utf8'))).toEqual(of(process.pid));
    expect(statSync(where).mode & 0o777).toBe(0o600);
    await file.remove();
    expect(existsSync(where)).toBe(false);
    await file.remove();
  });

  it('stays when another process that runs has written it, and goes when that is dead', async () => {
    await file.write(of(process.ppid));
    await file.remove();
    expect(existsSync(where)).toBe(true);
    await file.write(of(2 ** 22 + 1));
    await file.remove();
    expect(existsSync(where)).toBe(false);
  });
});
