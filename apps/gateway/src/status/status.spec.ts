import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ServiceProbes } from './service-probes';
import { STATUS_PAGE_POLICY, statusPage } from './status-page';
import { StatusSource } from './status-source';

const servers: Server[] = [];
afterAll(() => {
  for (const server of servers) server.close();
});

/** A health endpoint that answers so. */
async function health(status: number): Promise<string> {
  const server = createServer((request, response) => {
    response.writeHead(request.url === '/readyz' ? status : 404).end('{}');
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('ServiceProbes', () => {
  it('says which services answer, how many of their replicas, and which nobody can tell', async () => {
    const probes = ServiceProbes.ofUrls(
      {
        'flow-registry': [await health(200)],
        scheduler: [await health(503)],
        executor: [await health(200), 'http://127.0.0.1:1', await health(503)],
      },
      2_000,
    );
    expect(await probes.states()).toEqual([
      { name: 'flow-registry', state: 'up' },
      { name: 'scheduler', state: 'down', note: expect.stringContaining('do not fire') },
      { name: 'executor', state: 'partly', note: '1 of 3 are ready' },
      { name: 'analytics', state: 'unknown', note: expect.stringContaining('not told') },
    ]);
  });
});

describe('StatusSource', () => {
  const source = (over: { database?: () => Promise<void>; redis?: boolean } = {}) => {
    const ping = jest.fn(over.database ?? (async () => undefined));
    const { redis } = over;
    const built = new StatusSource({
      database: { ping },
      issuer: { jwks: async () => ({ keys: [] }) },
      transport: { kind: 'kafka', isUp: () => false },
      services: new ServiceProbes({ executor: [async () => true] }),
      ...(redis === undefined ? {} : { redis: { isUp: () => redis } }),
      stopping: () => false,
    });
    return { built, ping };
  };
  const states = async (built: StatusSource) =>
    Object.fromEntries((await built.parts()).map(({ name, state }) => [name, state]));

  it('shows every service and dependency', async () => {
    const refused = async () => {
      throw new Error('refused');
    };
    expect(await states(source({ database: refused, redis: false }).built)).toEqual({
      gateway: 'up',
      'flow-registry': 'unknown',
      scheduler: 'unknown',
      executor: 'up',
      analytics: 'unknown',
      issuer: 'up',
      database: 'down',
      Kafka: 'down',
      Redis: 'down',
    });
    expect(await states(source({ redis: true }).built)).toMatchObject({ Redis: 'up' });
    expect(await states(source().built)).not.toHaveProperty('Redis');
  });

  it('asks once for all who look at the same time', async () => {
    const { built, ping } = source();
    await Promise.all(Array.from({ length: 20 }, () => built.parts()));
    expect(ping).toHaveBeenCalledTimes(1);
  });
});

describe('the status page', () => {
  it('names each part and its state, escaped', () => {
    const page = statusPage([
      { name: '<b>', state: 'down', note: 'a & b' },
      { name: 'x', state: 'unknown' },
    ]);
    expect(page).toContain('&#60;b>'.replace('>', '&#62;'));
    expect(page).toContain('✘ down</td><td>a &#38; b');
    expect(page).toContain('? not known');
    expect(page).toContain('Something is down.');
    expect(statusPage([{ name: 'x', state: 'up' }])).toContain('All parts are up.');
    expect(statusPage([{ name: 'x', state: 'unknown' }])).toContain('that are known');
  });

  it('allows nothing but its own style', () => {
    expect(STATUS_PAGE_POLICY).toMatch(/^default-src 'none'; style-src 'sha256-[\w+/=]+'/);
    expect(STATUS_PAGE_POLICY).not.toContain('unsafe');
    expect(statusPage([])).not.toMatch(/<script|style=|src=/);
  });
});
