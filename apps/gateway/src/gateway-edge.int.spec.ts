import { waitFor, type TestTenant } from '@easyflow/testing';
import { connect, type Socket } from 'node:net';
import { GatewayRig, orderFlow } from './gateway-rig.test';

jest.setTimeout(60_000);

let rig: GatewayRig;
let tenant: TestTenant;

beforeAll(async () => {
  rig = await GatewayRig.start({
    settings: {
      http: {
        host: '127.0.0.1',
        port: 0,
        requestTimeoutMs: 1_500,
        connectionsPerAddress: 60,
      },
    },
  });
  tenant = await rig.tenant();
  await rig.apply(tenant, orderFlow());
}, 60_000);
afterAll(() => rig.close(), 30_000);

interface Peer {
  socket: Socket;
  /** What has been received. */
  text: () => string;
  isClosed: () => boolean;
}

/** A client that writes what it is told, never ends its side, and does nothing else. */
function peer(...texts: readonly string[]): Peer {
  let text = '';
  let isClosed = false;
  const socket = connect({
    port: Number(new URL(rig.gateway.url).port),
    host: '127.0.0.1',
    allowHalfOpen: true,
  });
  socket.on('connect', () => texts.forEach((each) => socket.write(each)));
  socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
  socket.on('error', () => undefined);
  let writing: NodeJS.Timeout | undefined;
  // The server has closed its side. Whether it has let go of the connection shows when it resets what is written.
  socket.on('end', () => (writing = setInterval(() => socket.write('x'), 50)));
  socket.on('close', () => {
    isClosed = true;
    clearInterval(writing);
  });
  return { socket, text: () => text, isClosed: () => isClosed };
}

const head = (path: string, length: number, ...headers: readonly string[]) =>
  [
    `POST ${path} HTTP/1.1`,
    'host: a',
    'content-type: application/json',
    `content-length: ${length}`,
    ...headers,
    '',
    '',
  ].join('\r\n');
const bearer = (credential: string) => `authorization: Bearer ${credential}`;
const answers = (all: readonly Peer[], status: number) =>
  waitFor(() => all.every(({ text }) => text().includes(`HTTP/1.1 ${status} `)), {
    describe: () => `${status} of ${all.length} connections: ${all[0]?.text()}`,
    timeout: 10_000,
  });
const closed = (all: readonly Peer[]) =>
  waitFor(() => all.every(({ isClosed }) => isClosed()), {
    describe: () =>
      `the end of ${all.length} connections: ${all.filter(({ isClosed }) => !isClosed()).length} are open: ${all[0]?.text()}`,
    timeout: 10_000,
  });

describe('a request without a valid credential', () => {
  it.each([
    ['none', []],
    ['an unknown one', [bearer(`ef_${'A'.repeat(43)}`)]],
  ])(
    'with %s is refused while its body never ends, and its connection is closed',
    async (_, by) => {
      const all = Array.from({ length: 40 }, () =>
        peer(head('/workflows/execute', 1_000_000, ...by), '{"input":"'),
      );
      await answers(all, 401);
      await closed(all);
    },
  );

  it('is answered while much of its body is on the way', async () => {
    const answer = await rig.call('POST', '/workflows/execute', {
      body: Buffer.alloc(900_000, 'x'),
      headers: { 'content-type': 'application/json' },
    });
    expect(answer).toMatchObject({ status: 401, body: { code: 'auth.required' } });
  });

  it('is not told to go on with its body', async () => {
    const stranger = peer(head('/workflows/execute', 10, 'expect: 100-continue'));
    await answers([stranger], 401);
    expect(stranger.text()).not.toContain('HTTP/1.1 100');
    const known = peer(
      head('/workflows/execute', 2, 'expect: 100-continue', bearer(tenant.apiKey)),
    );
    await answers([known], 100);
    known.socket.write('{}');
    await answers([known], 422);
    for (const { socket } of [stranger, known]) socket.destroy();
  });

  it('may not send much where none is needed', async () => {
    const json = { email: 'a@b.test', password: 'x'.repeat(70_000) };
    expect(await rig.call('POST', '/v1/auth/login', { json })).toMatchObject({
      status: 413,
      body: { code: 'body.too_large' },
    });
  });
});

describe('a request that comes too slowly', () => {
  it.each([
    ['headers', 'POST /v1/auth/login HTTP/1.1\r\nhost: a\r\n'],
    ['nothing at all', ''],
    ['a body', `${head('/v1/auth/login', 100)}{`],
  ])('is ended: %s', async (_, text) => {
    const slow = peer(...(text === '' ? [] : [text]));
    await closed([slow]);
    if (text !== '') expect(slow.text()).toMatch(/^HTTP\/1.1 408 .*request\.timeout/s);
  });

  it('is ended with a credential too, however steadily it drips', async () => {
    const slow = peer(head('/workflows/execute', 100_000, bearer(tenant.apiKey)), '{"input":"');
    const drip = setInterval(() => slow.socket.write('x'), 50);
    await closed([slow]);
    clearInterval(drip);
    expect(slow.text()).toContain('HTTP/1.1 408 ');
  });
});

it('what is no request is answered, and its connection closed whatever the peer does', async () => {
  const noise = peer('NONSENSE\r\n\r\n', 'NONSENSE\r\n\r\n');
  await answers([noise], 400);
  await closed([noise]);
});

it('a request over its rate is refused before its body is read', async () => {
  const limited = await rig.tenant({ requestsPerSecond: 0.001 });
  await rig.call('GET', '/v1/flows', { credential: limited.apiKey });
  const over = peer(head('/workflows/execute', 1_000_000, bearer(limited.apiKey)), '{"input":"');
  await answers([over], 429);
  expect(over.text()).toMatch(/retry-after: \d+/);
  await closed([over]);
});

it('one address has so many connections, and they come back', async () => {
  const open = Array.from({ length: 60 }, () => peer());
  const more = Array.from({ length: 5 }, () => peer());
  await closed(more);
  for (const { socket } of [...open, ...more]) socket.destroy();
  await waitFor(
    async () => (await fetch(`${rig.gateway.url}/healthz`).catch(() => undefined))?.ok,
    {
      describe: 'connections of this address again',
    },
  );
});

it('a connection with a hundred requests on the way takes no more', async () => {
  const waiting = `POST /v1/flows/shop/order/executions HTTP/1.1\r\nhost: a\r\n${bearer(tenant.apiKey)}\r\nprefer: wait=60\r\ncontent-type: application/json\r\ncontent-length: 24\r\n\r\n{"input": {"amount": 1}}`;
  const few = peer(waiting.repeat(20));
  const many = peer(waiting.repeat(150));
  await closed([many]);
  expect(few.isClosed()).toBe(false);
  few.socket.destroy();
});
