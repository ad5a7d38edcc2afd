import { freePort } from '@easyflow/testing';
import { command } from '../shape/command-line';
import { diagnosed } from '../shape/diagnosed';
import { uuidv7 } from './expectations';
import type { WorldOf } from './world';

const services = ['gateway', 'flow-registry', 'scheduler', 'executor', 'analytics', 'issuer'];

/** The file of a running shape, and what needs no credential. */
export function discoverySuite(world: WorldOf): void {
  const test = diagnosed(() => world().shape);

  describe('discovery', () => {
    test('the file names everything, readable by its owner only', async () => {
      const { shape } = world();
      const file = await shape.file();
      expect(await shape.mode()).toBe(0o600);
      expect(file).toMatchObject({
        pid: expect.any(Number),
        url: expect.stringMatching(new RegExp(`^http://.*:${shape.port}$`)),
        tenantId: expect.stringMatching(uuidv7),
        apiKey: expect.stringMatching(/^ef_/),
        adminKey: expect.any(String),
        login: { email: expect.stringContaining('@'), password: expect.any(String) },
        databaseUrl: expect.stringMatching(/^postgres/),
      });
      expect(await shape.count('SELECT 1')).toBe(1);
      if (shape.kind === 'dev') return;
      expect(file.kafka).toEqual([expect.stringMatching(/^[^:]+:\d+$/)]);
      expect(file.redis).toMatch(/^redis:\/\//);
      const names = (file.processes ?? []).map(({ service }) => service);
      const wanted = [...services, 'executor', 'kafka', 'redis', 'postgres'];
      expect([...names].sort()).toEqual(wanted.sort());
      for (const { service, url } of file.processes ?? []) {
        if (services.includes(service)) expect(url).toMatch(/^http:\/\//);
      }
    });

    test('a second start on the same data folder is refused and disturbs nothing', async () => {
      const { shape } = world();
      const before = await shape.file();
      const ports = [String(shape.port), String(await freePort())];
      for (const port of ports) {
        const second = await command([shape.kind, '--port', port, '--data', shape.dataDir], {
          cwd: shape.folder,
        });
        expect([second.code, second.stderr]).toEqual([1, expect.stringContaining('Fix: ')]);
      }
      expect(await shape.file()).toEqual(before);
      expect((await shape.client().get('/readyz')).status).toBe(200);
    });

    test('its key, its login and its admin key work', async () => {
      const { shape } = world();
      const demo = await shape.demo();
      const { adminKey } = await shape.file();
      const login = await shape.client().post('/v1/auth/login', { json: demo.login });
      expect(login.status).toBe(200);
      expect((await demo.api.get('/v1/flows')).status).toBe(200);
      expect((await shape.client(login.body.accessToken).get('/v1/flows')).status).toBe(200);
      const tenants = await shape.client(adminKey).get('/v1/admin/tenants?limit=1000');
      expect(tenants.body.items.map(({ id }) => id)).toContain(demo.id);
    });

    test('health, readiness, the OpenAPI document and the status page are open to all', async () => {
      const { shape } = world();
      for (const path of ['/healthz', '/readyz', '/openapi.json', '/', '/.well-known/jwks.json']) {
        expect([path, (await shape.client().get(path)).status]).toEqual([path, 200]);
      }
      const { body } = await shape.client().get('/openapi.json');
      expect(Object.keys(body.paths)).toEqual(
        expect.arrayContaining(['/v1/flows', '/workflows/execute', '/v1/executions/{id}/cancel']),
      );
    });
  });
}
