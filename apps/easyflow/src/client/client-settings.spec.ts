import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readClientSettings } from './client-settings';

describe('readClientSettings', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'easyflow-settings-'));
    await mkdir(path.join(folder, '.easyflow'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  const local = { url: 'http://127.0.0.1:1', apiKey: 'ef_local', adminKey: 'admin' };
  const read = (flags = {}, environment = {}) =>
    readClientSettings(flags, { XDG_CONFIG_HOME: folder, ...environment }, folder);
  const write = (name: string, text: string) => writeFile(path.join(folder, name), text);
  const refused = (message: string) => ({ exitCode: 2, message: expect.stringContaining(message) });

  it('finds the local server, and sends its key to no other', async () => {
    await write('.easyflow/dev.json', JSON.stringify(local));
    expect(await read()).toEqual(local);
    expect(await read({ url: 'http://other:1/' })).toEqual({ url: 'http://other:1' });
    await write('easyflow.yaml', 'url: https://third\napiKey: ef_third\n');
    expect(await read()).toEqual({ url: 'https://third', apiKey: 'ef_third' });
    expect(await read({}, { EASYFLOW_API_KEY: 'ef_mine' })).toEqual({
      url: 'https://third',
      apiKey: 'ef_mine',
    });
  });

  it('passes over the file of a server that was killed while another runs here', async () => {
    const dead = 2 ** 22 + 1;
    await write('.easyflow/dev.json', JSON.stringify({ pid: dead, ...local }));
    expect(await read()).toEqual(local);
    const services = { url: 'http://127.0.0.1:2', apiKey: 'ef_services', adminKey: 'other' };
    await write('.easyflow/services.json', JSON.stringify({ pid: process.pid, ...services }));
    expect(await read()).toEqual(services);
    await write('.easyflow/dev.json', JSON.stringify({ pid: process.pid, ...local }));
    expect(await read()).toEqual(local);
  });

  it('refuses what is no address and what is no configuration', async () => {
    await expect(read()).rejects.toMatchObject(refused('no server is named'));
    for (const url of ['127.0.0.1:8080', 'ftp://a', 'http://', 'a b', '']) {
      await expect(read({ url })).rejects.toMatchObject(refused('write it as http://host:port'));
    }
    await write('easyflow.yaml', 'just a text');
    await expect(read()).rejects.toMatchObject(refused('must hold an object'));
    await write('easyflow.yaml', 'a: [');
    await expect(read()).rejects.toMatchObject(refused('is not YAML'));
  });
});
