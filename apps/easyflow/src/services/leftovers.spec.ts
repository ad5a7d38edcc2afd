import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { identifyProcess } from '@easyflow/platform-local-servers';
import { endLeftovers, noteProcesses } from './leftovers';

describe('what an earlier start left running', () => {
  let folder: string;
  let service: ChildProcess;
  let pid: number;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'easyflow-leftovers-'));
    service = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
    await once(service, 'spawn');
    pid = service.pid ?? 0;
  });
  afterEach(async () => {
    service.kill('SIGKILL');
    await rm(folder, { recursive: true });
  });

  const file = () => path.join(folder, 'processes.json');

  it('is ended, once', async () => {
    await noteProcesses(folder, [pid]);
    expect(await readdir(folder)).toEqual(['processes.json']);
    expect(await endLeftovers(folder)).toBe(1);
    expect(await identifyProcess(pid)).toBeUndefined();
    expect(await endLeftovers(folder)).toBe(0);
  });

  it('is not left over while the program that started it runs', async () => {
    await noteProcesses(folder, [pid]);
    const content = JSON.parse(await readFile(file(), 'utf8')) as object;
    const owner = await identifyProcess(process.ppid);
    await writeFile(file(), JSON.stringify({ ...content, owner }));
    await expect(endLeftovers(folder)).rejects.toMatchObject({
      name: 'LocalServerError',
      message: expect.stringContaining(`in use by process ${process.ppid}`),
    });
    expect(await identifyProcess(pid)).toBeDefined();
  });

  it.each(['', '{"owner', '[]'])('is nothing when the file is %j', async (text) => {
    await writeFile(file(), text);
    expect(await endLeftovers(folder)).toBe(0);
  });
});
