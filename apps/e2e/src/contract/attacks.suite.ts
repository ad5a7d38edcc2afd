import { readFile, readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { createPrivateKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { waitFor } from '@easyflow/testing';
import { flow, greet, set, wait } from '../flows';
import type { Answer } from '../shape/api';
import { diagnosed } from '../shape/diagnosed';
import type { Shape } from '../shape/shape';
import { expectProblem, withoutTrace } from './expectations';
import { operations, type Operation } from './operations';
import type { WorldOf } from './world';

type Claims = Record<string, unknown>;

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

function signed(header: Claims, claims: Claims, key: KeyObject): string {
  const text = `${encode(header)}.${encode(claims)}`;
  const signature = sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' });
  return `${text}.${signature.toString('base64url')}`;
}

/** The installation's own signing key, as an operator finds it: the positive control of forged tokens. */
async function signingKey(shape: Shape): Promise<KeyObject> {
  for (const file of await readdir(shape.dataDir, { recursive: true })) {
    const full = path.join(shape.dataDir, file);
    const found = await stat(full);
    if (!found.isFile() || found.size > 20_000 || /postgres|kafka/.test(file)) continue;
    const pem = /-----BEGIN PRIVATE KEY-----[\s\S]+?-----END PRIVATE KEY-----/.exec(
      (await readFile(full, 'utf8')).replaceAll('\\n', '\n'),
    );
    const key = pem && createPrivateKey(pem[0]);
    if (key?.asymmetricKeyType === 'ec') return key;
  }
  throw new Error('The data folder holds no key that signs access tokens');
}

/** Forged and foreign credentials, another tenant's ids, headers that claim to be somebody. */
export function attacksSuite(world: WorldOf): void {
  const test = diagnosed(() => world().shape);

  describe('attacks', () => {
    let header: Claims;
    let claims: Claims;
    beforeAll(async () => {
      const { shape, a } = world();
      const { body } = await shape.client().post('/v1/auth/login', { json: a.login });
      const [head, payload] = body.accessToken.split('.');
      const decode = (part = '') => JSON.parse(Buffer.from(part, 'base64url').toString()) as Claims;
      [header, claims] = [decode(head), decode(payload)];
    });

    const attempt = (token: string): Promise<Answer> =>
      world().shape.client(token).get('/v1/flows');

    test('jwt_alg_none: an unsigned token is refused', async () => {
      for (const alg of ['none', 'None', 'NONE', '']) {
        const unsigned = `${encode({ ...header, alg })}.${encode(claims)}.`;
        expectProblem(await attempt(unsigned), 401);
        expectProblem(await attempt(`${unsigned}AAAA`), 401);
      }
    });

    test('jwt_kid_injection: no key but a published one counts', async () => {
      const { shape } = world();
      const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const jwk = publicKey.export({ format: 'jwk' });
      const kids = [
        '../../../../dev/null',
        '/dev/null',
        "' UNION SELECT 'x' --",
        '',
        0,
        null,
        ['x'],
        { x: 1 },
      ];
      for (const kid of [...kids, header['kid']]) {
        expectProblem(await attempt(signed({ ...header, kid }, claims, privateKey)), 401);
      }
      const withoutKid = { ...header, kid: undefined };
      expectProblem(await attempt(signed(withoutKid, claims, privateKey)), 401);
      expectProblem(await attempt(signed({ ...header, jwk }, claims, privateKey)), 401);
      const jku = `${world().target.url}/jwks.json`;
      expectProblem(await attempt(signed({ ...header, jku, x5u: jku }, claims, privateKey)), 401);
      expect(world().target.callsOf('/jwks.json')).toEqual([]);
      const { body } = await shape.client().get('/.well-known/jwks.json');
      const hmac = `${encode({ ...header, alg: 'HS256' })}.${encode(claims)}`;
      expectProblem(await attempt(`${hmac}.${encode(body.keys[0])}`), 401);
    });

    test('expired_jwt: expired, early and foreign tokens are refused; the same key signs a good one', async () => {
      const key = await signingKey(world().shape);
      const now = Math.floor(Date.now() / 1_000);
      expect((await attempt(signed(header, claims, key))).status).toBe(200);
      const bad: Claims[] = [
        { ...claims, exp: now - 1 },
        { ...claims, exp: 1 },
        { ...claims, exp: undefined },
        { ...claims, nbf: now + 600 },
        { ...claims, iss: 'somebody' },
        { ...claims, aud: 'something' },
        { ...claims, sub: undefined },
      ];
      for (const each of bad) {
        const answer = await attempt(signed(header, each, key));
        expect([each, answer.status]).toEqual([each, 401]);
      }
    });

    test('a token that was changed is refused', async () => {
      const { shape, a, b } = world();
      const { body } = await shape.client().post('/v1/auth/login', { json: a.login });
      const [head = '', , signature = ''] = body.accessToken.split('.');
      const members = Object.entries(claims).map(([name, value]) => [
        name,
        value === a.id ? b.id : value,
      ]);
      expectProblem(
        await attempt(`${head}.${encode(Object.fromEntries(members))}.${signature}`),
        401,
      );
      const { body: own } = await shape.client().post('/v1/auth/login', { json: b.login });
      expectProblem(await attempt(`${head}.${own.accessToken.split('.')[1]}.${signature}`), 401);
    });

    test('tenant_header_spoof: no header, query or body says who the tenant is', async () => {
      const { a, b, shape } = world();
      await b.api.apply(flow('secret-of-b', [set('x', { ok: true })]));
      const names = [
        'x-tenant-id',
        'x-tenant',
        'tenant',
        'tenant-id',
        'x-easyflow-tenant',
        'x-forwarded-user',
      ];
      const headers = Object.fromEntries(names.map((name) => [name, b.id]));
      const list = await a.api.get(`/v1/flows?limit=1000&tenant=${b.id}&tenantId=${b.id}`, {
        headers,
      });
      if (list.status === 200) expect(list.text).not.toContain('secret-of-b');
      else expectProblem(list, 400);
      expect((await b.api.get('/v1/flows?limit=1000')).text).toContain('secret-of-b');
      await a.api.apply(greet);
      const json = { input: { name: 'x' }, tenantId: b.id, tenant: b.id };
      const { status, body } = await a.api.start('e2e/greet', json, headers);
      if (status === 202) {
        const owner = 'SELECT tenant_id FROM executions WHERE id = $1';
        expect(await shape.sql(owner, [body.id])).toEqual([{ tenant_id: a.id }]);
      } else expect(status).toBe(422);
    });

    test('token_of_other_tenant_path: another tenant’s ids are as unknown ones on every route', async () => {
      const { a, b, shape } = world();
      const foreign = flow('of-b', [wait('pause', 'PT20S'), set('x', { ok: true })]);
      await b.api.apply(foreign);
      const { body } = await b.api.start('e2e/of-b');
      await waitFor(
        async () => (await b.api.get(`/v1/executions/${body.id}`)).body.status === 'waiting',
        {
          describe: 'the execution of b to wait',
        },
      );
      const fill = (id: string, name: string) => ({ namespace: 'e2e', name, version: '1.0.0', id });
      const unknownId = `${body.id.slice(0, 24)}000000000000`;
      const theirs = await operations(shape, fill(body.id, 'of-b'));
      const unknown = await operations(shape, fill(unknownId, 'of-x'));
      const withIds = theirs.filter(({ template }) => template.includes('{'));
      const isAdmin = ({ template }: Operation) => template.startsWith('/v1/admin');
      const guarded = withIds.filter((operation) => !isAdmin(operation));
      expect(guarded.length).toBeGreaterThanOrEqual(8);
      // Those of operators are no tenant's, its own id included.
      for (const { method, path } of withIds.filter(isAdmin)) {
        expectProblem(await a.api.request(method, path), 403, 'auth.wrong_kind');
      }
      const normal = (answer: Answer) =>
        JSON.stringify(withoutTrace(answer))
          .replaceAll(body.id, 'ID')
          .replaceAll(unknownId, 'ID')
          .replaceAll('of-b', 'NAME')
          .replaceAll('of-x', 'NAME');
      for (const operation of guarded) {
        const { method, template } = operation;
        const twin = unknown.find((each) => each.template === template && each.method === method);
        const ask = method === 'POST' ? { json: {} } : {};
        const answer = await a.api.request(method, operation.path, ask);
        expect([method, template, answer.status]).toEqual([method, template, 404]);
        expectProblem(answer, 404);
        expect(normal(answer)).toBe(normal(await a.api.request(method, twin?.path ?? '', ask)));
        // The same in the owner's hands exists; only the last of them ends it.
        if (method === 'GET') expect((await b.api.get(operation.path)).status).toBe(200);
      }
      const alias = { flow: { namespace: 'e2e', name: 'of-b' } };
      expectProblem(await a.api.post('/workflows/execute', { json: alias }), 404, 'flow.unknown');
      expect((await a.api.get('/v1/executions?flow=e2e/of-b')).body).toEqual({ items: [] });
      expect((await b.api.get(`/v1/executions/${body.id}`)).body.status).toBe('waiting');
      expect((await b.api.post(`/v1/executions/${body.id}/cancel`)).status).toBe(202);
    });

    test('a cursor of another tenant’s list shows nothing of it', async () => {
      const { a, b } = world();
      for (let n = 0; n < 3; n += 1) await b.api.start('e2e/secret-of-b');
      const { body } = await b.api.get('/v1/executions?limit=1');
      const mine = await a.api.get(
        `/v1/executions?cursor=${encodeURIComponent(body.nextCursor ?? '')}`,
      );
      const theirs = (await b.api.get('/v1/executions?limit=1000')).body.items.map(({ id }) => id);
      expect(theirs.length).toBeGreaterThanOrEqual(3);
      for (const { id } of mine.body.items) expect(theirs).not.toContain(id);
    });

    test('a sub-flow of another tenant cannot be run', async () => {
      const { a, b } = world();
      await b.api.apply(flow('only-b', [set('x', { secret: true })]));
      const run = { workflow: { namespace: 'e2e', name: 'only-b', version: '1.0.0' } };
      const applied = await a.api.apply(flow('steals', [{ take: { run } }]));
      if (applied.status !== 201) return expectProblem(applied, 422);
      const answer = await a.api.run('e2e/steals');
      expect(answer.body).toMatchObject({ status: 'faulted' });
      expect(answer.text).not.toContain('secret');
    });
  });
}
