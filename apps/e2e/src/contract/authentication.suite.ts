import { diagnosed } from '../shape/diagnosed';
import { expectProblem, withoutTrace } from './expectations';
import { operations } from './operations';
import type { WorldOf } from './world';

/** Login, keys, and who may call what. */
export function authenticationSuite(world: WorldOf): void {
  const test = diagnosed(() => world().shape);

  describe('authentication', () => {
    test('a login gives a signed access token whose key is published', async () => {
      const { shape, a } = world();
      const { status, body } = await shape.client().post('/v1/auth/login', { json: a.login });
      expect({ status, body }).toEqual({
        status: 200,
        body: {
          accessToken: expect.any(String),
          tokenType: 'Bearer',
          expiresIn: expect.any(Number),
        },
      });
      const [head = ''] = body.accessToken.split('.');
      const header = JSON.parse(Buffer.from(head, 'base64url').toString()) as Record<
        string,
        string
      >;
      expect(['ES256', 'EdDSA']).toContain(header['alg']);
      const { body: jwks } = await shape.client().get('/.well-known/jwks.json');
      expect(jwks.keys.map(({ kid }) => kid)).toContain(header['kid']);
      for (const key of jwks.keys) expect(key).not.toHaveProperty('d');
      expect((await shape.client(body.accessToken).get('/v1/executions')).status).toBe(200);
    });

    test('a wrong password and an unknown user are the same 401', async () => {
      const { shape, a } = world();
      const ask = (email: string) =>
        shape.client().post('/v1/auth/login', { json: { email, password: 'wrong' } });
      const [known, unknown] = [await ask(a.login.email), await ask('nobody@example.test')];
      expectProblem(known, 401);
      expectProblem(unknown, 401);
      expect(withoutTrace(unknown)).toEqual(withoutTrace(known));
      for (const impossible of ['a\0b', '\ud800', 'x'.repeat(10_000)]) {
        const answer = await ask(impossible);
        expect([answer.status, withoutTrace(answer)]).toEqual([401, withoutTrace(known)]);
      }
    });

    test('a login that is no login is refused', async () => {
      const { shape } = world();
      expectProblem(await shape.client().post('/v1/auth/login', { json: { email: 1 } }), 422);
      expectProblem(
        await shape.client().post('/v1/auth/login', {
          raw: '{"email"',
          headers: { 'content-type': 'application/json' },
        }),
        400,
      );
    });

    test('every other route refuses none and a bad credential with 401, and the wrong kind with 403', async () => {
      const { shape, a } = world();
      const { adminKey } = await shape.file();
      const closed = (await operations(shape)).filter(({ open }) => !open);
      expect(closed.length).toBeGreaterThanOrEqual(14);
      for (const { method, path } of closed) {
        const isAdmin = path.startsWith('/v1/admin');
        for (const credential of [null, 'ef_nonsense', 'a.b.c', 'x'.repeat(5_000)]) {
          expectProblem(await shape.client().request(method, path, { credential }), 401);
        }
        const wrong = isAdmin ? a.apiKey : adminKey;
        expectProblem(await shape.client(wrong).request(method, path), 403);
      }
      const basic = { authorization: `Basic ${Buffer.from('a:b').toString('base64')}` };
      expectProblem(await shape.client().get('/v1/flows', { headers: basic }), 401);
    });

    test('an unknown route is 404 and another method 405', async () => {
      const { a } = world();
      expectProblem(await a.api.get('/v1/nothing'), 404);
      const wrong = await a.api.request('DELETE', '/v1/flows');
      expectProblem(wrong, 405);
      expect(wrong.headers['allow']).toContain('POST');
    });
  });

  describe('administration', () => {
    test('a tenant is created with its first key and login', async () => {
      const { shape } = world();
      const admin = shape.client((await shape.file()).adminKey);
      const limits = { requestsPerSecond: 50, concurrentExecutions: 10 };
      const named = await admin.post('/v1/admin/tenants', { json: { name: 'third', limits } });
      expect(named.status).toBe(201);
      expect(named.body).toEqual({
        id: expect.any(String),
        name: 'third',
        apiKey: expect.stringMatching(/^ef_/),
        login: { email: expect.stringContaining('@'), password: expect.any(String) },
      });
      expect((await shape.client(named.body.apiKey).get('/v1/flows')).body).toEqual({ items: [] });
      expect((await admin.post('/v1/admin/tenants', { json: {} })).status).toBe(201);
      expectProblem(await admin.post('/v1/admin/tenants', { json: { name: 5 } }), 422);
      const none = { limits: { requestsPerSecond: 0 } };
      expectProblem(await admin.post('/v1/admin/tenants', { json: none }), 422);
    });

    test('tenants are listed page by page', async () => {
      const { shape, a, b } = world();
      const admin = shape.client((await shape.file()).adminKey);
      const ids: string[] = [];
      let cursor = '';
      do {
        const { status, body } = await admin.get(`/v1/admin/tenants?limit=2${cursor}`);
        expect(status).toBe(200);
        expect(body.items.length).toBeLessThanOrEqual(2);
        for (const item of body.items) {
          expect(item).toEqual({
            id: expect.any(String),
            name: expect.any(String),
            placement: expect.any(String),
            status: 'active',
            createdAt: expect.any(String),
          });
          ids.push(item.id);
        }
        cursor =
          body.nextCursor === undefined ? '' : `&cursor=${encodeURIComponent(body.nextCursor)}`;
      } while (cursor !== '');
      expect(new Set(ids).size).toBe(ids.length);
      expect(ids).toEqual(expect.arrayContaining([a.id, b.id, (await shape.demo()).id]));
    });
  });
}
