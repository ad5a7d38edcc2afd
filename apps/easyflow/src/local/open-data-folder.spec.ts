import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openDataFolder } from './open-data-folder';

describe('openDataFolder', () => {
  let folder: string;
  beforeEach(async () => (folder = await mkdtemp(path.join(tmpdir(), 'easyflow-data-'))));
  afterEach(() => rm(folder, { recursive: true }));

  it('makes it for its owner alone', async () => {
    await openDataFolder(path.join(folder, 'a/b'));
    expect((await stat(path.join(folder, 'a/b'))).mode & 0o777).toBe(0o700);
    await openDataFolder(path.join(folder, 'a/b'));
  });

  it('tells what to do when a file is in the way', async () => {
    await writeFile(path.join(folder, 'file'), '');
    for (const wrong of ['file', 'file/data']) {
      await expect(openDataFolder(path.join(folder, wrong))).rejects.toMatchObject({
        name: 'LocalServerError',
        fix: expect.stringContaining('--data'),
      });
    }
  });
});
