import { createHash, generateKeyPairSync } from 'node:crypto';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { request } from 'undici';
import { base64url, SignJWT } from 'jose';
import {
  HttpIssuer,
  InProcessIssuer,
  signAssertion,
  workloadIdentity,
  type IssuerPort,
  type ServiceName,
  type WorkloadIdentity,
} from '@easyflow/tenant-context';
import { OperationalError } from '@easyflow/kernel-errors';
import { newId } from '@easyflow/kernel-ids';
import { createTestDatabase, type TestDatabase, type TestTenant } from '@easyflow/testing';
import { ensureDemoTenant } from './keys/demo-tenant';
import { provisionKeys } from './keys/provision-keys';
import { startIssuer, type RunningIssuer } from './start-issuer';

const hash = (text: string): string => createHash('sha256').update(text).digest('hex');
const refused = { code: 'auth.invalid_credentials', status: 401 };

let database: TestDatabase;
let running: RunningIssuer;
let identities: Record<ServiceName, WorkloadIdentity>;
let tenant: TestTenant;
const clients: HttpIssuer[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  tenant = await database.createTenant({ limits: { requestsPerSecond: 7 } });
  const made = await database.issuerCore();
  identities = made.identities;
  running = await startIssuer({
    core: made.core,
    senderKeys: made.core.senderKeys(),
    database: await database.accessFor(['ef_issuer']),
    host: '127.0.0.1',
    port: 0,
    logger: { error: () => undefined },
  });
}, 60_000);

afterAll(async () => {
  await Promise.all(clients.map((client) => client.close()));
  await running.close();
  await database.drop();
});

function overHttp(service: ServiceName): IssuerPort {
  const client = new HttpIssuer({ url: running.url, identity: identities[service] });
  clients.push(client);
  return client;
}

const shapes: [string, (service: ServiceName) => Promise<IssuerPort>][] = [
  ['in process', (service) => database.issuerFor(service)],
  ['over HTTP', async (service) => overHttp(service)],
];

describe.each(shapes)('the issuer %s', (_name, issuerOf) => {
  it('logs in and mints for the JWT it gave', async () => {
    const gateway = await issuerOf('gateway');
    const { accessToken, tokenType } = await gateway.login(
      tenant.login.email.toUpperCase(),
      tenant.login.password,
    );
    expect(tokenType).toBe('Bearer');
    const { caller, tokens } = await gateway.authenticate(accessToken, ['ef_api', 'ef_writer']);
    expect(caller).toMatchObject({
      tenantId: tenant.id,
      kind: 'user',
      limits: { requestsPerSecond: 7 },
    });
    expect(tokens.map((token) => token.audience).sort()).toEqual(['ef_api', 'ef_writer']);
    const access = await database.accessFor(['ef_api']);
    const token = tokens.find((each) => each.audience === 'ef_api');
    if (!token) throw new Error('a token of ef_api');
    const { rows } = await access.tenant(token, (session) =>
      session.query<{ tenant_id: string }>({
        name: 'tenants',
        text: 'SELECT tenant_id FROM tenants',
      }),
    );
    expect(rows).toEqual([{ tenant_id: tenant.id }]);
  });

  it('answers wrong logins alike, known user or not', async () => {
    const gateway = await issuerOf('gateway');
    const answers = await Promise.allSettled([
      gateway.login(tenant.login.email, 'wrong'),
      gateway.login('nobody@example.test', 'wrong'),
      gateway.login('nobody@example.test', tenant.login.password),
    ]);
    const reasons = answers.map((answer) =>
      answer.status === 'rejected' ? (answer.reason as Error & { code: string }) : undefined,
    );
    for (const reason of reasons) expect(reason).toMatchObject(refused);
    expect(new Set(reasons.map((reason) => reason?.message)).size).toBe(1);
  });

  it('authenticates API keys, and refuses made up ones', async () => {
    const gateway = await issuerOf('gateway');
    await expect(gateway.authenticate(tenant.apiKey, ['ef_api'])).resolves.toMatchObject({
      caller: { tenantId: tenant.id, kind: 'apiKey' },
    });
    for (const credential of [`ef_${'A'.repeat(43)}`, 'ef_', 'x', 'a.b.c', database.adminKey]) {
      await expect(gateway.authenticate(credential, ['ef_api'])).rejects.toMatchObject(refused);
    }
  });

  it('mints only for the roles of the calling workload', async () => {
    const gateway = await issuerOf('gateway');
    for (const role of ['ef_worker', 'ef_registry', 'ef_scheduler', 'ef_issuer'] as const) {
      await expect(gateway.authenticate(tenant.apiKey, [role])).rejects.toMatchObject({
        code: 'auth.forbidden',
        status: 403,
      });
    }
    const executor = await issuerOf('executor');
    await expect(executor.authenticate(tenant.apiKey, ['ef_worker'])).rejects.toMatchObject({
      code: 'auth.forbidden',
    });
  });

  it('delegates one request to one service, once', async () => {
    const gateway = await issuerOf('gateway');
    const registry = await issuerOf('flow-registry');
    const request_ = {
      pattern: 'flows.apply',
      requestId: 'r1',
      payloadHash: hash('body'),
      sender: 'gateway' as ServiceName,
    };
    const delegate = (): Promise<string> =>
      gateway.delegate(tenant.apiKey, { ...request_, audience: 'flow-registry' });

    const delegation = await delegate();
    const wrong = [
      { ...request_, payloadHash: hash('another') },
      { ...request_, pattern: 'flows.activate' },
      { ...request_, requestId: 'r2' },
      // The message that it came with was signed by another service.
      { ...request_, sender: 'scheduler' as const },
    ];
    for (const other of wrong) {
      await expect(registry.exchange(delegation, other)).rejects.toMatchObject(refused);
    }
    const analytics = await issuerOf('analytics');
    await expect(analytics.exchange(delegation, request_)).rejects.toMatchObject(refused);
    await expect(gateway.authenticate(delegation, ['ef_api'])).rejects.toMatchObject(refused);

    const { caller, tokens } = await registry.exchange(delegation, request_);
    expect(caller.tenantId).toBe(tenant.id);
    expect(tokens.map((token) => token.audience)).toEqual(['ef_registry']);
    await expect(registry.exchange(delegation, request_)).rejects.toMatchObject(refused);
    const access = (await gateway.login(tenant.login.email, tenant.login.password)).accessToken;
    await expect(registry.exchange(access, request_)).rejects.toMatchObject(refused);
  });

  it('registers slots of the workload and takes the old secret back', async () => {
    const executor = await issuerOf('executor');
    const claims = (await database.accessFor(['ef_claim'])).claims;
    const first = await executor.registerOwner('slot-1');
    await expect(claims.claim(first, ['execution'], 1)).resolves.toEqual([]);
    const second = await executor.registerOwner('slot-1');
    expect(second.owner).toBe(first.owner);
    await expect(claims.claim(first, ['execution'], 1)).rejects.toMatchObject({
      code: 'tenant.refused',
    });
    await expect(claims.claim(second, ['execution'], 1)).resolves.toEqual([]);
    await expect(claims.claim(second, ['rollup'], 1)).rejects.toMatchObject({
      code: 'tenant.refused',
    });
    const gateway = await issuerOf('gateway');
    await expect(gateway.registerOwner('slot-1')).rejects.toMatchObject({ code: 'auth.forbidden' });
  });

  it('creates, lists and suspends tenants for the admin key only', async () => {
    const gateway = await issuerOf('gateway');
    await expect(gateway.verifyAdmin('nope')).rejects.toMatchObject(refused);
    await expect(gateway.createTenant(tenant.apiKey, {})).rejects.toMatchObject(refused);
    const key = database.adminKey;
    const made = await gateway.createTenant(key, { name: 'new', placement: 'schema' });
    await expect(gateway.authenticate(made.apiKey, ['ef_api'])).resolves.toMatchObject({
      caller: { tenantId: made.id, limits: { requestsPerSecond: 600 } },
    });
    await expect(gateway.login(made.login.email, made.login.password)).resolves.toBeDefined();

    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await gateway.listTenants(key, { limit: 1, ...(cursor ? { cursor } : {}) });
      seen.push(...page.items.map((item) => item.id));
      cursor = page.nextCursor;
    } while (cursor);
    expect(seen).toEqual(expect.arrayContaining([tenant.id, made.id]));
    expect(new Set(seen).size).toBe(seen.length);

    expect(await gateway.suspendTenant(key, made.id, true)).toMatchObject({
      id: made.id,
      name: 'new',
      status: 'suspended',
    });
    await expect(gateway.authenticate(made.apiKey, ['ef_api'])).rejects.toMatchObject({
      code: 'tenant.suspended',
      status: 403,
    });
    expect(await gateway.suspendTenant(key, made.id, false)).toMatchObject({ status: 'active' });
    for (const unknown of ['nobody', newId()]) {
      await expect(gateway.suspendTenant(key, unknown, true)).rejects.toMatchObject({
        code: 'tenant.unknown',
        status: 404,
      });
    }
    await expect(gateway.suspendTenant('nope', made.id, true)).rejects.toMatchObject(refused);
    await expect(gateway.authenticate(made.apiKey, ['ef_api'])).resolves.toBeDefined();
  });

  it('replaces API keys of a tenant for the admin key only', async () => {
    const gateway = await issuerOf('gateway');
    const key = database.adminKey;
    const made = await gateway.createTenant(key, {});
    const authenticate = (credential: string) => gateway.authenticate(credential, ['ef_api']);
    const [first] = await gateway.listKeys(key, made.id);
    expect(first).toEqual({ id: expect.any(String), createdAt: expect.any(String) });
    const second = await gateway.createKey(made.apiKey);
    await expect(gateway.createKey(key)).rejects.toMatchObject(refused);
    await expect(gateway.createKey('none')).rejects.toMatchObject(refused);
    await expect(authenticate(second.apiKey)).resolves.toMatchObject({
      caller: { tenantId: made.id, subject: second.id },
    });
    expect(await gateway.revokeKey(key, made.id, first?.id ?? '')).toMatchObject({
      id: first?.id,
      revokedAt: expect.any(String),
    });
    await expect(authenticate(made.apiKey)).rejects.toMatchObject(refused);
    await expect(authenticate(second.apiKey)).resolves.toBeDefined();
    // Again changes nothing.
    expect(await gateway.revokeKey(key, made.id, first?.id ?? '')).toEqual(
      (await gateway.listKeys(key, made.id))[0],
    );

    const other = (await gateway.listKeys(key, tenant.id))[0]?.id ?? '';
    for (const unknown of ['none', newId(), other]) {
      await expect(gateway.revokeKey(key, made.id, unknown)).rejects.toMatchObject({
        code: 'api_key.unknown',
      });
    }
    await expect(authenticate(tenant.apiKey)).resolves.toBeDefined();
    for (let n = 0; n < 9; n += 1) await gateway.createKey(second.apiKey);
    await expect(gateway.createKey(second.apiKey)).rejects.toMatchObject({
      code: 'api_key.too_many',
      status: 409,
    });
    await gateway.suspendTenant(key, made.id, true);
    await expect(gateway.createKey(second.apiKey)).rejects.toMatchObject({
      code: 'tenant.suspended',
    });
    for (const call of [
      () => gateway.listKeys('nope', made.id),
      () => gateway.revokeKey('nope', made.id, second.id),
      () => gateway.rotateTokenKeys('nope'),
    ]) {
      await expect(call()).rejects.toMatchObject(refused);
    }
  });

  it('signs tokens with a new key when it is told to, and believes the old ones', async () => {
    const gateway = await issuerOf('gateway');
    const kid = async () =>
      (await gateway.authenticate(tenant.apiKey, ['ef_api'])).tokens[0]?.token.split('.')[0];
    const { tokens } = await gateway.authenticate(tenant.apiKey, ['ef_api']);
    const [old] = tokens;
    await gateway.rotateTokenKeys(database.adminKey);
    expect(await kid()).not.toBe(old?.token.split('.')[0]);
    const access = await database.accessFor(['ef_api']);
    if (!old) throw new Error('no token');
    const ask = access.tenant(old, (session) =>
      session.query({ name: 'one', text: 'SELECT 1 AS one' }),
    );
    expect((await ask).rows).toEqual([{ one: 1 }]);
    await access.close();
  });

  it('refuses JWTs with no algorithm, another algorithm, another key or made up claims', async () => {
    const gateway = await issuerOf('gateway');
    const { accessToken } = await gateway.login(tenant.login.email, tenant.login.password);
    const [head = '', body = '', signature = ''] = accessToken.split('.');
    const header = JSON.parse(Buffer.from(head, 'base64url').toString()) as { kid: string };
    const encode = (value: unknown): string => base64url.encode(JSON.stringify(value));
    const claims = JSON.parse(Buffer.from(body, 'base64url').toString()) as Record<string, unknown>;
    const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
    const signed = (kid: string, exp: number): Promise<string> =>
      new SignJWT({ ...claims, exp })
        .setProtectedHeader({ alg: 'ES256', kid, typ: 'at+jwt' })
        .sign(stranger);
    const soon = Math.floor(Date.now() / 1000) + 600;
    const publicKey = JSON.stringify((await gateway.jwks()).keys[0]);
    const forgeries = [
      `${encode({ alg: 'none', kid: header.kid, typ: 'at+jwt' })}.${body}.`,
      `${encode({ alg: 'none' })}.${body}.${signature}`,
      await new SignJWT(claims)
        .setProtectedHeader({ alg: 'HS256', kid: header.kid, typ: 'at+jwt' })
        .sign(Buffer.from(publicKey)),
      await signed(header.kid, soon),
      await signed('../../../dev/null', soon),
      await signed("x' UNION SELECT 1 --", soon),
      `${head}.${encode({ ...claims, tenant: '00000000-0000-7000-8000-000000000000' })}.${signature}`,
    ];
    for (const forgery of forgeries) {
      await expect(gateway.authenticate(forgery, ['ef_api'])).rejects.toMatchObject(refused);
    }
    await expect(gateway.authenticate(accessToken, ['ef_api'])).resolves.toBeDefined();
  });

  it('publishes its public keys and those of the senders', async () => {
    const gateway = await issuerOf('gateway');
    const { keys } = await gateway.jwks();
    expect(keys[0]).toMatchObject({ kty: 'EC', alg: 'ES256', use: 'sig' });
    expect(keys[0]).not.toHaveProperty('d');
    expect(await gateway.senderKeys()).toHaveLength(6);
  });
});

describe('the issuer as a server', () => {
  it('answers nothing to a workload it does not know', async () => {
    const pem = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' });
    const stranger = new HttpIssuer({
      url: running.url,
      identity: { ...workloadIdentity('gateway', pem.toString()), keyId: identities.gateway.keyId },
    });
    clients.push(stranger);
    await expect(stranger.authenticate(tenant.apiKey, ['ef_api'])).rejects.toMatchObject(refused);
    const bare = await request(new URL('/v1/sender-keys', running.url), {
      method: 'POST',
      body: '{}',
      headers: { 'content-type': 'application/json' },
    });
    expect(bare.statusCode).toBe(401);
    await bare.body.dump();
  });

  it('accepts an assertion once and for its own request only', async () => {
    const seen: string[] = [];
    const body = JSON.stringify({});
    const assertion = await signAssertion(identities.gateway, 'jwks', body);
    for (const [operation, content] of [
      ['sender-keys', body],
      ['jwks', '{ }'],
      ['jwks', body],
      ['jwks', body],
    ] as const) {
      const answer = await request(new URL(`/v1/${operation}`, running.url), {
        method: 'POST',
        body: content,
        headers: { 'content-type': 'application/json', authorization: `Bearer ${assertion}` },
      });
      seen.push(`${answer.statusCode}`);
      await answer.body.dump();
    }
    expect(seen).toEqual(['401', '401', '200', '401']);
  });

  it('is unavailable, not wrong, when it cannot be reached or has no database', async () => {
    const nowhere = new HttpIssuer({ url: 'http://127.0.0.1:1', identity: identities.gateway });
    clients.push(nowhere);
    await expect(nowhere.jwks()).rejects.toMatchObject({ code: 'issuer.unavailable' });
  });

  it('says whether it is ready', async () => {
    expect(await running.ready()).toBe(true);
    for (const route of ['/healthz', '/readyz', '/.well-known/jwks.json']) {
      const answer = await request(new URL(route, running.url));
      expect(answer.statusCode).toBe(200);
      await answer.body.dump();
    }
  });
});

it('is not ready without its database, and says 503 and not 500', async () => {
  const { core } = await database.issuerCore();
  const unready = await startIssuer({
    core,
    senderKeys: core.senderKeys(),
    database: {
      ping: () => Promise.reject(new OperationalError('database.unavailable', 'down')),
    },
    host: '127.0.0.1',
    port: 0,
    logger: { error: () => undefined },
  });
  try {
    const answer = await request(new URL('/readyz', unready.url));
    expect(answer.statusCode).toBe(503);
    await answer.body.dump();
  } finally {
    await unready.close();
  }
});

describe('keys of a local installation', () => {
  it('are made once, for nobody else to read, and name the same demo tenant', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'keys-'));
    try {
      const first = await provisionKeys(folder);
      const second = await provisionKeys(folder);
      expect(second.adminKey).toBe(first.adminKey);
      expect(second.jwtKeys[0]?.kid).toBe(first.jwtKeys[0]?.kid);
      expect(second.senderKeys).toEqual(first.senderKeys);
      const { issuance } = await database.accessFor(['ef_issuer']);
      const demo = await ensureDemoTenant(issuance, folder);
      expect(await ensureDemoTenant(issuance, folder)).toEqual(demo);
      const gateway = new InProcessIssuer((await database.issuerCore()).core, 'gateway');
      const { caller } = await gateway.authenticate(demo.apiKey, ['ef_api']);
      expect(caller).toMatchObject({ tenantId: demo.tenantId, limits: {} });
      for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
        if (!entry.isFile()) continue;
        const { mode } = await stat(path.join(entry.parentPath, entry.name));
        expect([entry.name, mode & 0o777]).toEqual([entry.name, 0o600]);
      }
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
