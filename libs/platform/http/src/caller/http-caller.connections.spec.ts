import dns from 'node:dns';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { HttpCaller, type HttpCallerOptions } from './http-caller';
import type { HttpCall, HttpCallError, HttpCallResult } from './http-call';

/** A server of bytes: `answer` is called for each request's head, with what came on this connection before. */
type Answer = (socket: Socket, request: string, nth: number) => void;

interface Peer {
  url: string;
  /** The requests, with the number of the connection that each came on. */
  seen: { connection: number; request: string }[];
}

const servers: Server[] = [];
const sockets = new Set<Socket>();
const callers: HttpCaller[] = [];
const ERRORS = 'https://open-workflow-specification.org/spec/1.0.0/errors/';
const OK = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 1\r\n\r\n1';

async function serve(answer: Answer): Promise<Peer> {
  const seen: Peer['seen'] = [];
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    const connection = connections;
    let nth = 0;
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    socket.on('data', (data) => {
      nth += 1;
      seen.push({ connection, request: data.toString() });
      answer(socket, data.toString(), nth);
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, seen };
}

function caller(options: Partial<HttpCallerOptions> = {}): HttpCaller {
  const made = new HttpCaller({ policy: { allowLoopback: true, allowPrivate: false }, ...options });
  callers.push(made);
  return made;
}

function call(uri: string, more: Partial<HttpCall> = {}): HttpCall {
  const request = {
    method: 'POST',
    uri,
    headers: {},
    body: 'x',
    redirect: false,
    output: 'content',
  } as const;
  return { key: 'the-key', request, ...more };
}

function failure(result: HttpCallResult): HttpCallError {
  if (result.kind === 'effectFailed') return result.error;
  throw new Error(`the call succeeded: ${JSON.stringify(result.output)}`);
}

afterEach(async () => {
  jest.restoreAllMocks();
  for (const socket of sockets) socket.destroy();
  await Promise.all(callers.splice(0).map((one) => one.close()));
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
});

describe('connections of HttpCaller', () => {
  it('are used again by their tenant, and never by another', async () => {
    const { url, seen } = await serve((socket) => socket.write(OK));
    const one = caller();
    for (const tenantId of ['a', 'a', 'b', 'a', 'b']) await one.perform(call(url), { tenantId });
    expect(seen.map(({ connection }) => connection)).toEqual([1, 1, 2, 1, 2]);
  });

  it('that died while they were idle cost one more request, with the same key', async () => {
    const { url, seen } = await serve((socket, _, nth) => {
      if (nth === 1) socket.write(OK);
      else socket.destroy();
    });
    const one = caller();
    for (let count = 0; count < 2; count += 1) {
      expect(await one.perform(call(url), { tenantId: 'a' })).toMatchObject({ output: 1 });
    }
    expect(seen.map(({ connection }) => connection)).toEqual([1, 1, 2]);
    expect(seen[2]?.request).toBe(seen[1]?.request);
    expect(seen[2]?.request).toContain('idempotency-key: the-key');
  });

  it('that die twice, or new, fail the call', async () => {
    const always = await serve((socket) => socket.destroy());
    expect(failure(await caller().perform(call(always.url), { tenantId: 'a' }))).toMatchObject({
      status: 503,
      detail: `The call of ${always.url} failed: the other side closed the connection`,
    });
    expect(always.seen).toHaveLength(1);

    let alive = true;
    const twice = await serve((socket) => {
      if (alive) socket.write(OK);
      else socket.destroy();
      alive = false;
    });
    const one = caller();
    await one.perform(call(twice.url), { tenantId: 'a' });
    expect(failure(await one.perform(call(twice.url), { tenantId: 'a' }))).toMatchObject({
      status: 503,
    });
    expect(twice.seen).toHaveLength(3);
  });

  it.each([
    ['a part of the head', 'HTTP/1.1 200 OK\r\ncontent-'],
    ['a part of the body', 'HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc'],
  ])('that die after %s are not tried again', async (_, part) => {
    const { url, seen } = await serve((socket, _request, nth) => {
      if (nth === 1) socket.write(OK);
      else socket.end(part);
    });
    const one = caller();
    await one.perform(call(url), { tenantId: 'a' });
    expect(failure(await one.perform(call(url), { tenantId: 'a' }))).toMatchObject({
      type: `${ERRORS}communication`,
    });
    expect(seen).toHaveLength(2);
  });

  it("of a tenant's hanging calls keep nobody else waiting", async () => {
    const { url, seen } = await serve((socket, request) => {
      if (!request.includes('hang')) socket.write(OK);
    });
    const one = caller({ lanes: { perOrigin: 8, perTenant: 16 } });
    const abort = new AbortController();
    const hanging = Array.from({ length: 40 }, () =>
      one.perform(call(`${url}hang`), { tenantId: 'noisy', signal: abort.signal }),
    );
    expect(await one.perform(call(url), { tenantId: 'quiet' })).toMatchObject({ output: 1 });
    expect(seen.filter(({ request }) => request.includes('hang'))).toHaveLength(8);
    abort.abort();
    await Promise.all(hanging);
    expect(await one.perform(call(url), { tenantId: 'noisy' })).toMatchObject({ output: 1 });
  });
});

describe('name lookups of HttpCaller', () => {
  it('are divided among tenants, and end with the call that wanted them', async () => {
    const { url } = await serve((socket) => socket.write(OK));
    const asked: string[] = [];
    const held: (() => void)[] = [];
    jest.spyOn(dns, 'lookup').mockImplementation(((
      host: string,
      _: object,
      callback: (error: Error | null, addresses: dns.LookupAddress[]) => void,
    ) => {
      asked.push(host);
      const answer = (): void => callback(null, [{ address: '127.0.0.1', family: 4 }]);
      if (host.startsWith('slow')) held.push(answer);
      else answer();
    }) as unknown as typeof dns.lookup);
    const named = (host: string): HttpCall => call(url.replace('127.0.0.1', host));
    const one = caller({ lookupsAtOnce: 4 });
    const abort = new AbortController();
    const slow = Array.from({ length: 20 }, (_, n) =>
      one.perform(named(`slow${n}.example.test`), { tenantId: 'noisy', signal: abort.signal }),
    );
    expect(await one.perform(named('fast.example.test'), { tenantId: 'quiet' })).toMatchObject({
      output: 1,
    });
    // Half of four, as many as are left for others.
    expect(asked.filter((host) => host.startsWith('slow'))).toHaveLength(2);
    abort.abort();
    await Promise.all(slow);
    for (const answer of held.splice(0)) answer();
    await new Promise(setImmediate);
    expect(asked.filter((host) => host.startsWith('slow'))).toHaveLength(2);
  });
});

describe('the time limit of HttpCaller', () => {
  const slow: [string, Answer][] = [
    ['says nothing', () => undefined],
    ['begins and stops', (socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\na')],
    [
      'drips',
      (socket) => {
        socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n');
        const drip = setInterval(() => socket.write('1\r\na\r\n'), 5);
        socket.on('close', () => clearInterval(drip));
      },
    ],
    [
      'redirects and drips',
      (socket) => {
        socket.write('HTTP/1.1 302 Found\r\nlocation: /\r\ntransfer-encoding: chunked\r\n\r\n');
        const drip = setInterval(() => socket.write('1\r\na\r\n'), 5);
        socket.on('close', () => clearInterval(drip));
      },
    ],
  ];
  it.each(slow)('ends a call without one of its own when the target %s', async (_, answer) => {
    const { url } = await serve(answer);
    const request = { ...call(url).request, redirect: true };
    const slowest = caller({ defaultTimeoutMs: 60 }).perform(call(url, { request }), {
      tenantId: 'a',
    });
    expect(failure(await slowest)).toEqual({
      type: `${ERRORS}timeout`,
      status: 408,
      title: 'Timeout',
      detail: `The call of ${url} took too long`,
    });
  });

  it('ends a call that has no connection yet, and its attempt to connect', async () => {
    const { url } = await serve((socket) => socket.write(OK));
    let connect: (() => void) | undefined;
    jest.spyOn(dns, 'lookup').mockImplementation(((
      _host: string,
      _: object,
      callback: (error: Error | null, addresses: dns.LookupAddress[]) => void,
    ) => {
      connect = () => callback(null, [{ address: '127.0.0.1', family: 4 }]);
    }) as unknown as typeof dns.lookup);
    const named = call(url.replace('127.0.0.1', 'slow.example.test'));
    const result = caller({ defaultTimeoutMs: 40 }).perform(named, { tenantId: 'a' });
    expect(failure(await result)).toMatchObject({ type: `${ERRORS}timeout`, status: 408 });
    connect?.();
    await new Promise(setImmediate);
    expect(sockets.size).toBe(0);
  });

  it('is the deadline of the flow alone where there is one', async () => {
    const { url } = await serve((socket) => setTimeout(() => socket.write(OK), 80));
    const deadline = Date.now() + 60_000;
    const one = caller({ defaultTimeoutMs: 10 });
    expect(await one.perform(call(url, { deadline }), { tenantId: 'a' })).toMatchObject({
      output: 1,
    });
  });

  it('does not count while a call waits for others of its tenant', async () => {
    const { url, seen } = await serve(() => undefined);
    const one = caller({ defaultTimeoutMs: 40, lanes: { perOrigin: 1 } });
    const both = ['first', 'second'].map((key) =>
      one.perform(call(url, { key }), { tenantId: 'a' }),
    );
    for (const result of await Promise.all(both)) {
      expect(failure(result)).toMatchObject({ status: 408 });
    }
    expect(seen).toHaveLength(2);
  });

  it('is measured by the monotonic clock once the call has begun', async () => {
    const { url } = await serve(() => undefined);
    let wall = 1_000_000;
    const clock = { now: () => (wall -= 3_600_000), monotonic: () => performance.now() };
    const deadline = wall - 3_600_000 + 40;
    const result = await caller({ clock }).perform(call(url, { deadline }), { tenantId: 'a' });
    expect(failure(result)).toMatchObject({ type: `${ERRORS}timeout` });
  });
});

describe('errors of HttpCaller', () => {
  function resolving(answer: { error: string } | { address: string }): void {
    jest.spyOn(dns, 'lookup').mockImplementation(((
      host: string,
      _: object,
      callback: (error: Error | null, addresses: dns.LookupAddress[]) => void,
    ) => {
      if ('error' in answer) {
        const error = new Error(`getaddrinfo ${answer.error} ${host} by 10.0.0.2`);
        callback(Object.assign(error, { code: answer.error }), []);
      } else callback(null, [{ address: answer.address, family: 4 }]);
    }) as unknown as typeof dns.lookup);
  }

  async function told(url: string): Promise<{ error: HttpCallError; log: object[] }> {
    const log: object[] = [];
    const strict = caller({
      policy: { allowLoopback: false, allowPrivate: false },
      log: { info: (fields) => log.push(fields) },
    });
    return { error: failure(await strict.perform(call(url), { tenantId: 'a' })), log };
  }

  it('tell a name that is inside and one that is not in the same words', async () => {
    const url = 'http://db.internal/x';
    resolving({ address: '10.1.2.3' });
    const inside = await told(url);
    for (const error of ['ENOTFOUND', 'EAI_AGAIN']) {
      resolving({ error });
      const outside = await told(url);
      expect(outside.error).toEqual(inside.error);
      expect(outside.log).toMatchObject([{ host: 'db.internal', detail: expect.any(String) }]);
    }
    expect(JSON.stringify(inside.error)).not.toMatch(/10\.|private/);
    expect(inside.log).toMatchObject([{ detail: expect.stringContaining('10.1.2.3') }]);
  });

  it('name no address of a connection that was refused', async () => {
    const { url } = await serve(() => undefined);
    const { port } = new URL(url);
    await new Promise((resolve) => servers.pop()?.close(resolve));
    const named = `http://api.example.test:${port}/`;
    resolving({ address: '127.0.0.1' });
    const log: object[] = [];
    const one = caller({ log: { info: (fields) => log.push(fields) } });
    const error = failure(await one.perform(call(named), { tenantId: 'a' }));
    expect(error.detail).toBe(`The call of ${named} failed: the connection was refused`);
    expect(log).toMatchObject([{ detail: expect.stringContaining('127.0.0.1') }]);
  });

  it('show neither the user nor the query of a URL', async () => {
    const { url } = await serve((socket) => socket.destroy());
    const secret = url.replace('//', '//user:pass@').concat('?token=t');
    const { detail } = failure(await caller().perform(call(secret), { tenantId: 'a' }));
    expect(detail).not.toMatch(/user|pass|token/);
    const late = caller({ defaultTimeoutMs: 0 });
    expect(failure(await late.perform(call(secret), { tenantId: 'a' })).detail).not.toMatch(
      /user|pass|token/,
    );
  });

  it('fill no log', async () => {
    const { url } = await serve((socket) => socket.destroy());
    const log: object[] = [];
    const clock = { now: () => 0, monotonic: () => 0 };
    const one = caller({ log: { info: (fields) => log.push(fields) }, clock });
    for (let count = 0; count < 50; count += 1) await one.perform(call(url), { tenantId: 'a' });
    expect(log).toHaveLength(20);
  });
});
