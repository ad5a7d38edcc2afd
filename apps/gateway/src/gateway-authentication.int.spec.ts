import { openApiDocument } from '@easyflow/contracts-http';
import { newId } from '@easyflow/kernel-ids';
import type { TestTenant } from '@easyflow/testing';
import { SignJWT } from 'jose';
import { createHash, generateKeyPairSync } from 'node:crypto';
import { GatewayRig, orderFlow } from './gateway-rig.test';

let rig: GatewayRig;
let a: TestTenant;
let b: TestTenant;
let userOfA: string;

beforeAll(async () => {
  rig = await GatewayRig.start();
  a = await rig.tenant();
  b = await rig.tenant();
  const [user] = await rig.database.superuser<{ id: string }>(
    'SELECT id FROM ef.users WHERE tenant_id = $1',
    [a.id],
  );
  userOfA = user?.id ?? '';
  await rig.apply(a, orderFlow());
}, 60_000);
afterAll(() => rig.close(), 30_000);

const flows = (credential: string | undefined, headers: Record<string, string> = {}) =>
  rig.call('GET', '/v1/flows', { credential, headers });
const login = (email: string, password: string) =>
  rig.call<{ accessToken: string; tokenType: string; expiresIn: number }>(
    'POST',
    '/v1/auth/login',
    { json: { email, password } },
  );

describe('logging in', () => {
  it('gives a JWT that works', async () => {
    const { status, body } = await login(a.login.email, a.login.password);
    expect(status).toBe(200);
    expect(body).toMatchObject({ tokenType: 'Bearer', expiresIn: 900 });
    expect((await flows(body.accessToken)).body).toMatchObject({ items: [{ name: 'order' }] });
    const { body: jwks } = await rig.call('GET', '/.well-known/jwks.json');
    expect(jwks).toMatchObject({ keys: [{ kty: 'EC', alg: 'ES256' }] });
    expect(JSON.stringify(jwks)).not.toContain('"d"');
  });

  it('answers the same for a wrong password and an unknown user', async () => {
    const wrong = await login(a.login.email, 'wrong');
    const unknown = await login('nobody@example.test', 'wrong');
    expect(wrong.status).toBe(401);
    expect(unknown.status).toBe(401);
    const [first, second] = [wrong, unknown].map(({ body }) => ({ ...body, traceId: '' }));
    expect(first).toEqual(second);
    for (const impossible of ['a\0b', '\ud800', 'x'.repeat(10_000)]) {
      const { status, body } = await login(impossible, impossible);
      expect([status, { ...body, traceId: '' }]).toEqual([401, first]);
    }
  });

  it('wants an email and a password', async () => {
    const answer = await rig.call('POST', '/v1/auth/login', { json: { email: 1 } });
    expect(answer).toMatchObject({ status: 422, body: { code: 'request.invalid' } });
  });
});

describe('a request without a good credential', () => {
  it('is 401 with a challenge', async () => {
    for (const header of [
      undefined,
      'Bearer',
      'Basic abc',
      'Bearer a b',
      `Bearer ${'x'.repeat(5_000)}`,
    ]) {
      const answer = await rig.call('GET', '/v1/flows', {
        headers: header === undefined ? {} : { authorization: header },
      });
      expect(answer).toMatchObject({ status: 401, body: { code: 'auth.required' } });
      expect(answer.headers.get('www-authenticate')).toBe('Bearer');
    }
    for (const credential of ['nonsense', `ef_${'A'.repeat(43)}`, 'a.b.c', '..', 'ef_']) {
      const answer = await flows(credential);
      expect(answer).toMatchObject({ status: 401, body: { code: 'auth.invalid_credentials' } });
      expect(answer.headers.get('www-authenticate')).toBe('Bearer');
    }
  });

  it('is refused before its body is looked at', async () => {
    const answer = await rig.call('POST', '/workflows/execute', {
      body: '{',
      headers: { 'content-type': 'x/y' },
    });
    expect(answer.status).toBe(401);
  });

  it('is 401 on every route that the document does not open', async () => {
    const { paths } = openApiDocument() as {
      paths: Record<string, Record<string, { security?: unknown[] }>>;
    };
    for (const [path, methods] of Object.entries(paths)) {
      for (const [method, operation] of Object.entries(methods)) {
        const url = path.replace(/\{\w+\}/g, 'x');
        const { status } = await rig.call(method.toUpperCase(), url);
        const open = operation.security?.length === 0;
        expect([method, path, open || status === 401]).toEqual([method, path, true]);
        if (open) expect([path, status === 401]).toEqual([path, false]);
      }
    }
  });
});

describe('a JWT', () => {
  const own = () => rig.keys.sign({ tenantId: a.id, userId: userOfA });

  it('of the issuer passes', async () => {
    expect((await flows(await own())).status).toBe(200);
  });

  it('with a wrong signature is no question to the issuer', async () => {
    const asked = jest.spyOn(rig.issuer, 'authenticate');
    const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const token = await new SignJWT({ tenant: a.id })
      .setProtectedHeader({ alg: 'ES256', kid: rig.keys.jwt[0]?.kid ?? '' })
      .sign(stranger.privateKey);
    expect((await flows(token)).status).toBe(401);
    expect(asked).not.toHaveBeenCalled();
    asked.mockRestore();
  });

  it('that is forged in any way does not', async () => {
    const [key] = rig.keys.jwt;
    const good = await own();
    const [head = '', payload = '', signature = ''] = good.split('.');
    const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const header = JSON.parse(Buffer.from(head, 'base64url').toString()) as { kid: string };
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<
      string,
      unknown
    >;
    const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const signed = (protectedHeader: { kid: string; jwk?: object }) =>
      new SignJWT(claims)
        .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', ...protectedHeader })
        .sign(stranger.privateKey);
    const publicPem = key?.publicKey.export({ type: 'spki', format: 'pem' }).toString() ?? '';
    const forged = {
      noAlgorithm: `${encode({ alg: 'none', typ: 'at+jwt' })}.${payload}.`,
      noneWithKid: `${encode({ ...header, alg: 'none' })}.${payload}.${signature}`,
      publicKeyAsSecret: await new SignJWT(claims)
        .setProtectedHeader({ alg: 'HS256', kid: header.kid })
        .sign(Buffer.from(publicPem)),
      strangersKey: await signed({ kid: header.kid }),
      kidOfFile: await signed({ kid: '../../../../dev/null' }),
      kidOfSql: await signed({ kid: "x' UNION SELECT 'y" }),
      ownJwk: await signed({ kid: 'mine', jwk: stranger.publicKey.export({ format: 'jwk' }) }),
      otherTenant: `${head}.${encode({ ...claims, tenant: b.id })}.${signature}`,
      expired: await rig.keys.sign({ tenantId: a.id, userId: userOfA, expiresInSeconds: -1 }),
      wrongIssuer: await rig.keys.sign({ tenantId: a.id, userId: userOfA, issuer: 'evil' }),
      wrongAudience: await rig.keys.sign({
        tenantId: a.id,
        userId: userOfA,
        audience: 'service:flow-registry',
      }),
      unknownUser: await rig.keys.sign({ tenantId: a.id, userId: newId() }),
      usersOfOtherTenant: await rig.keys.sign({ tenantId: b.id, userId: userOfA }),
    };
    for (const [name, token] of Object.entries(forged)) {
      expect([name, (await flows(token)).status]).toEqual([name, 401]);
    }
    expect((await flows(good)).status).toBe(200);
  });
});

describe('the tenant', () => {
  it('comes from the credential alone', async () => {
    const spoof = {
      'x-tenant-id': a.id,
      'x-easyflow-tenant': a.id,
      tenant: a.id,
      'x-forwarded-user': a.id,
    };
    expect((await flows(b.apiKey, spoof)).body).toEqual({ items: [] });
    const started = await rig.call('POST', '/workflows/execute', {
      credential: b.apiKey,
      headers: spoof,
      json: { tenantId: a.id, flow: { namespace: 'shop', name: 'order', tenantId: a.id } },
    });
    expect(started).toMatchObject({ status: 404, body: { code: 'flow.unknown' } });
  });

  it('loses a revoked key when its tokens are over, and is not found by it elsewhere', async () => {
    const key = await rig.tenant();
    await rig.database.superuser('UPDATE ef.api_keys SET revoked_at = now() WHERE hash = $1', [
      createHash('sha256').update(key.apiKey).digest(),
    ]);
    expect((await flows(key.apiKey)).status).toBe(401);
  });
});

describe('the admin key', () => {
  const admin = (method: string, json?: unknown, credential = rig.database.adminKey) =>
    rig.call('POST' === method ? 'POST' : 'GET', '/v1/admin/tenants', { credential, json });

  it('makes and lists tenants', async () => {
    const made = await admin('POST', { name: 'Acme', limits: { requestsPerSecond: 5 } });
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({
      name: 'Acme',
      login: { email: expect.any(String) as string },
    });
    const { apiKey } = made.body as { apiKey: string };
    expect((await flows(apiKey)).body).toEqual({ items: [] });
    expect(
      (await rig.call('POST', '/v1/admin/tenants', { credential: rig.database.adminKey })).status,
    ).toBe(201);
    const listed = await rig.call('GET', '/v1/admin/tenants?limit=1', {
      credential: rig.database.adminKey,
    });
    expect(listed.body).toMatchObject({
      items: [{ placement: 'shared', status: 'active' }],
      nextCursor: expect.any(String) as string,
    });
    for (const wrong of [
      { limits: { requestsPerSecond: -1 } },
      { name: 'a\0b' },
      { name: '\ud800' },
    ]) {
      expect(await admin('POST', wrong)).toMatchObject({ status: 422 });
    }
  });

  it('is of the wrong kind elsewhere, as tenants’ credentials are there', async () => {
    expect(await flows(rig.database.adminKey)).toMatchObject({
      status: 403,
      body: { code: 'auth.wrong_kind' },
    });
    expect(await admin('GET', undefined, a.apiKey)).toMatchObject({
      status: 403,
      body: { code: 'auth.wrong_kind' },
    });
    expect(await admin('GET', undefined, 'nonsense')).toMatchObject({ status: 401 });
    expect(await admin('GET', undefined, `ef_${'B'.repeat(43)}`)).toMatchObject({ status: 401 });
  });
});

describe('the rate', () => {
  it('of a tenant is its own', async () => {
    const limited = await rig.tenant({ requestsPerSecond: 3 });
    const answers = await Promise.all(Array.from({ length: 12 }, () => flows(limited.apiKey)));
    const over = answers.filter(({ status }) => status === 429);
    expect(over.length).toBeGreaterThan(0);
    expect(answers.filter(({ status }) => status === 200).length).toBeGreaterThanOrEqual(3);
    expect(over[0]).toMatchObject({ body: { code: 'rate.exceeded' } });
    expect(Number(over[0]?.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    expect((await flows(a.apiKey)).status).toBe(200);
  });
});
