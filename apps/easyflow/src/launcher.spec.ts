import { spawnSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

describe('bin/easyflow.cjs on an older Node', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'easyflow-launcher-'));
    for (const part of ['bin', 'dist', 'node_modules/node/bin'])
      await mkdir(path.join(folder, part), { recursive: true });
    await cp(path.join(__dirname, '../bin/easyflow.cjs'), path.join(folder, 'bin/easyflow.cjs'));
    await writeFile(path.join(folder, 'dist/main.js'), '');
    await writeFile(path.join(folder, 'node_modules/node/package.json'), '{}');
    await writeFile(
      path.join(folder, 'old.cjs'),
      `Object.defineProperty(process.versions, 'node', { value: '20.0.0' });`,
    );
  });
  afterEach(() => rm(folder, { recursive: true }));

  const launch = () =>
    spawnSync(process.execPath, ['--require', './old.cjs', 'bin/easyflow.cjs', 'a', 'b c'], {
      cwd: folder,
      encoding: 'utf8',
      env: {},
    });

  it('hands over to the Node 24 that npm installed, with its exit code', async () => {
    const script = '#!/bin/sh\nshift; echo "$#: $2"; exit 7\n';
    await writeFile(path.join(folder, 'node_modules/node/bin/node'), script, { mode: 0o755 });
    expect(launch()).toMatchObject({ status: 7, stdout: '2: b c\n', stderr: '' });
  });

  it('tells what to do when npm has not installed it', () => {
    const { status, stderr } = launch();
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: expect.stringMatching(/^Node 24 .*\n {2}Fix: npm rebuild node\n$/s),
    });
  });
});
