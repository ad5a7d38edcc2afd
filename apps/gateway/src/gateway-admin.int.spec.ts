import { newId } from '@easyflow/kernel-ids';
import type { TestTenant } from '@easyflow/testing';
import { GatewayRig, orderFlow } from './gateway-rig.test';

describe('an operator', () => {
  let rig: GatewayRig;
  let tenant: TestTenant;
  let neighbour: TestTenant;

  beforeAll(async () => {
    rig = await GatewayRig.start();
    tenant = await rig.tenant();
    neighbour = await rig.tenant();
    for (const each of [tenant, neighbour]) await rig.apply(each, orderFlow());
  }, 60_000);
  afterAll(() => rig.close(), 30_000);

  type Body = Record<string, unknown>;
  const admin = (method: 'GET' | 'POST', path: string) =>
    rig.call<Body>(method, path, { credential: rig.database.adminKey });
  const ask = (credential: string) => rig.call<Body>('GET', '/v1/flows', { credential });
  const start = (credential: string) =>
    rig.call<Body>('POST', '/v1/flows/shop/order/executions', {
      credential,
      json: { input: { amount: 5 } },
    });
  const path = `/v1/admin/tenants`;

  it('suspends a tenant at once, and lets it go on', async () => {
    const { accessToken } = (
      await rig.call<{ accessToken: string }>('POST', '/v1/auth/login', { json: tenant.login })
    ).body;
    // Tokens and credentials are cached from here on.
    for (const credential of [tenant.apiKey, accessToken]) {
      expect((await ask(credential)).status).toBe(200);
      expect((await start(credential)).status).toBe(202);
    }

    const suspended = await admin('POST', `${path}/${tenant.id}/suspend`);
    expect(suspended).toMatchObject({
      status: 200,
      body: { id: tenant.id, name: tenant.name, status: 'suspended' },
    });
    for (const credential of [tenant.apiKey, accessToken]) {
      for (const request of [ask, start]) {
        expect(await request(credential)).toMatchObject({
          status: 403,
          body: { code: 'tenant.suspended' },
        });
      }
    }
    expect((await start(neighbour.apiKey)).status).toBe(202);
    expect((await admin('POST', `${path}/${tenant.id}/suspend`)).status).toBe(200);

    const resumed = await admin('POST', `${path}/${tenant.id}/resume`);
    expect(resumed).toMatchObject({ status: 200, body: { status: 'active' } });
    expect((await start(tenant.apiKey)).status).toBe(202);
    expect((await ask(accessToken)).status).toBe(200);
  });

  it('replaces the API key of a tenant', async () => {
    const keys = `${path}/${tenant.id}/api-keys`;
    const second = await rig.call<Body>('POST', '/v1/api-keys', { credential: tenant.apiKey });
    // The admin key opens no tenant.
    expect((await admin('POST', '/v1/api-keys')).status).toBe(403);
    expect((await admin('POST', keys)).status).toBe(405);
    expect(second).toMatchObject({ status: 201, body: { apiKey: expect.stringMatching(/^ef_/) } });
    const revoked = await admin('POST', `${keys}/${String(second.body['id'])}/revoke`);
    expect(revoked).toMatchObject({ status: 200, body: { revokedAt: expect.any(String) } });
    expect((await ask(String(second.body['apiKey']))).status).toBe(401);
    expect((await ask(tenant.apiKey)).status).toBe(200);
    const listed = (await admin('GET', keys)).body['items'] as Body[];
    expect(listed).toHaveLength(2);
    expect(JSON.stringify(listed)).not.toContain('ef_');
    // Of another tenant it is none.
    const foreign = `${path}/${neighbour.id}/api-keys/${String(second.body['id'])}/revoke`;
    expect(await admin('POST', foreign)).toMatchObject({
      status: 404,
      body: { code: 'api_key.unknown' },
    });
  });

  it('replaces the key of database tokens while requests go on', async () => {
    expect((await start(tenant.apiKey)).status).toBe(202);
    expect(await admin('POST', '/v1/admin/token-keys/rotate')).toMatchObject({
      status: 200,
      body: { rotatedAt: expect.any(String) },
    });
    expect((await start(tenant.apiKey)).status).toBe(202);
  });

  it('alone may: a tenant is of the wrong kind, and who is not there is unknown', async () => {
    for (const route of [
      `${path}/${tenant.id}/suspend`,
      `${path}/${tenant.id}/resume`,
      `${path}/${tenant.id}/api-keys/${newId()}/revoke`,
      '/v1/admin/token-keys/rotate',
    ]) {
      const answer = await rig.call<Body>('POST', route, { credential: tenant.apiKey });
      expect(answer).toMatchObject({ status: 403, body: { code: 'auth.wrong_kind' } });
    }
    for (const id of [newId(), 'x', '%00']) {
      for (const deed of ['suspend', 'resume', `api-keys/${newId()}/revoke`]) {
        expect(await admin('POST', `${path}/${id}/${deed}`)).toMatchObject({
          status: 404,
          body: { code: 'tenant.unknown' },
        });
      }
    }
  });
});
