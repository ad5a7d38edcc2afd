import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { HttpIssuer } from './http-issuer';
import { workloadIdentity } from './workload';

describe('HttpIssuer', () => {
  let server: Server;
  let issuer: HttpIssuer;
  /** Logins and new tenants, which this issuer answers when a test says so. */
  let hashing: ServerResponse[];

  beforeEach(async () => {
    hashing = [];
    server = createServer((request, response) => {
      request.resume();
      if (request.url === '/v1/login' || request.url === '/v1/create-tenant') {
        hashing.push(response);
      } else response.end('{"keys":[]}');
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const pem = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' });
    issuer = new HttpIssuer({
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      identity: workloadIdentity('gateway', pem.toString()),
      timeoutMs: 1_000,
    });
  });

  afterEach(async () => {
    for (const response of hashing) response.end('{}');
    await issuer.close();
    server.close();
    await once(server, 'close');
  });

  it('lets credentials be verified while passwords take their time', async () => {
    const logins = Array.from({ length: 50 }, (_, n) => issuer.login(`${n}@a.test`, 'guess'));
    const made = issuer.createTenant('key', { name: 'a' });
    const settled = Promise.allSettled([...logins, made]);
    while (hashing.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await expect(issuer.senderKeys()).resolves.toEqual([]);
    const answering = setInterval(() => {
      for (const response of hashing.splice(0)) response.end('{}');
    }, 5);
    expect((await settled).map(({ status }) => status)).toEqual(Array(51).fill('fulfilled'));
    clearInterval(answering);
  });

  it('waits for a password longer than for anything else', async () => {
    const login = issuer.login('ann@a.test', 'right');
    while (hashing.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    hashing.pop()?.end('{"accessToken":"t"}');
    await expect(login).resolves.toEqual({ accessToken: 't' });
  });
});
