import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { captured } from '../captured.test';

/** Stands in for the gateway: it refuses the flow named bad. */
function answering(): Server {
  return createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      const bad = body.includes('bad');
      const problem = {
        code: 'document.invalid',
        detail: 'The document is not a flow',
        errors: [{ pointer: '#/do', line: 3, message: 'is missing' }],
      };
      const item = { namespace: 'test', name: 'good', version: '1.0.0', active: true };
      response.writeHead(bad ? 422 : 201, { 'content-type': 'application/json' });
      response.end(JSON.stringify(bad ? problem : item));
    });
  });
}

describe('easyflow apply', () => {
  let folder: string;
  let server: Server;
  let url: string;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'easyflow-apply-'));
    server = answering();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    await writeFile(path.join(folder, 'good.yaml'), 'good');
    await writeFile(path.join(folder, 'bad.yaml'), 'bad');
  });
  afterAll(async () => {
    await new Promise((resolve) => server.close(resolve));
    await rm(folder, { recursive: true });
  });

  it('names the file that is wrong among several', async () => {
    const files = ['good.yaml', 'bad.yaml'].map((name) => path.join(folder, name));
    const result = await captured('apply', '--url', url, '-f', ...files);
    expect(result).toMatchObject({ code: 1, stdout: 'created test/good 1.0.0 (active)\n' });
    expect(result.stderr).toBe(
      `${files[1]}: The document is not a flow [document.invalid]\n  #/do (line 3): is missing\n`,
    );
  });
});
