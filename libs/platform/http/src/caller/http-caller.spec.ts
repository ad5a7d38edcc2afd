import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { HttpCaller, type HttpCallerOptions } from './http-caller';
import type { HttpCall, HttpCallResult } from './http-call';

interface Seen {
  method: string;
  url: string;
  headers: IncomingMessage['headers'];
  body: string;
}

type Handler = (request: Seen, response: ServerResponse) => void;

const servers: Server[] = [];
const callers: HttpCaller[] = [];
const ERRORS = 'https://open-workflow-specification.org/spec/1.0.0/errors/';

async function serve(handler: Handler): Promise<{ url: string; seen: Seen[] }> {
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      const told = { method, url, headers, body: Buffer.concat(parts).toString() };
      seen.push(told);
      handler(told, response);
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

/** Performs calls of one tenant. */
function caller(options: Partial<HttpCallerOptions> = {}): {
  perform: (
    call: HttpCall,
    options?: Partial<Parameters<HttpCaller['perform']>[1]>,
  ) => Promise<HttpCallResult>;
} {
  const made = new HttpCaller({ policy: { allowLoopback: true, allowPrivate: false }, ...options });
  callers.push(made);
  return { perform: (call, rest = {}) => made.perform(call, { tenantId: 'a', ...rest }) };
}

function call(
  uri: string,
  request: Partial<HttpCall['request']> = {},
  deadline?: number,
): HttpCall {
  return {
    key: 'the-key',
    ...(deadline !== undefined && { deadline }),
    request: { method: 'GET', uri, headers: {}, redirect: false, output: 'content', ...request },
  };
}

function failure(
  result: HttpCallResult,
): Extract<HttpCallResult, { kind: 'effectFailed' }>['error'] {
  if (result.kind === 'effectFailed') return result.error;
  throw new Error(`the call succeeded: ${JSON.stringify(result.output)}`);
}

const json = (response: ServerResponse, value: unknown, status = 200): void => {
  response.writeHead(status, { 'Content-Type': 'application/json; charset=utf-8' });
  response.end(JSON.stringify(value));
};

afterEach(async () => {
  await Promise.all(callers.splice(0).map((one) => one.close()));
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

describe('HttpCaller', () => {
  it('sends what the flow says, the key of the effect and what the shell adds', async () => {
    const { url, seen } = await serve((_, response) => json(response, { id: 1 }));
    const result = await caller().perform(
      call(`${url}/a?b=1`, { method: 'POST', headers: { 'X-A': 'b' }, body: { c: 'é' } }),
      { headers: { traceparent: '00-1' } },
    );
    expect(result).toEqual({ kind: 'effectSucceeded', key: 'the-key', output: { id: 1 } });
    expect(seen).toMatchObject([
      {
        method: 'POST',
        url: '/a?b=1',
        body: '{"c":"é"}',
        headers: {
          'x-a': 'b',
          'content-type': 'application/json',
          'idempotency-key': 'the-key',
          traceparent: '00-1',
        },
      },
    ]);
  });

  it('leaves alone what the flow sets', async () => {
    const { url, seen } = await serve((_, response) => response.end());
    await caller().perform(
      call(url, {
        method: 'PUT',
        headers: { 'Idempotency-Key': 'mine', Traceparent: 'own', 'Content-Type': 'text/csv' },
        body: 'a,b',
      }),
      { headers: { traceparent: '00-1' } },
    );
    expect(seen[0]).toMatchObject({
      body: 'a,b',
      headers: { 'idempotency-key': 'mine', traceparent: 'own', 'content-type': 'text/csv' },
    });
  });

  it('sends a map as a form when the content type says so', async () => {
    const { url, seen } = await serve((_, response) => response.end());
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    await caller().perform(call(url, { method: 'POST', headers, body: { a: 'b c', d: [1, 2] } }));
    expect(seen[0]?.body).toBe('a=b+c&d=1&d=2');
  });

  it.each([
    ['application/json', '{"a":1}', { a: 1 }],
    ['application/problem+json', '[1]', [1]],
    ['text/plain; charset=iso-8859-1', Buffer.from([0xe9]), 'é'],
    ['text/html', '<p>', '<p>'],
    ['application/octet-stream', Buffer.from([0, 255]), 'AP8='],
    ['application/json', '', null],
  ])('gives the content of %s', async (type, body, expected) => {
    const { url } = await serve((_, response) =>
      response.writeHead(200, { 'content-type': type }).end(body),
    );
    expect(await caller().perform(call(url))).toMatchObject({ output: expected });
  });

  it('gives the raw body in base64, or the whole response without the credentials of its request', async () => {
    const { url } = await serve((_, response) => json(response, { a: 1 }, 201));
    expect(await caller().perform(call(url, { output: 'raw' }))).toMatchObject({
      output: Buffer.from('{"a":1}').toString('base64'),
    });
    const headers = { Authorization: 'Bearer t', 'X-A': '1' };
    const whole = await caller().perform(call(`${url}/x`, { output: 'response', headers }));
    expect(whole).toMatchObject({
      output: {
        request: { method: 'GET', uri: `${url}/x`, headers: { 'x-a': '1' } },
        statusCode: 201,
        headers: { 'content-type': 'application/json; charset=utf-8' },
        content: { a: 1 },
      },
    });
    expect(JSON.stringify(whole)).not.toContain('Bearer');
  });

  it.each([300, 302, 304, 400, 401, 404, 500, 503])(
    'makes a communication error of %d',
    async (status) => {
      const { url } = await serve((_, response) => json(response, {}, status));
      const error = failure(await caller().perform(call(`${url}/x?key=secret`)));
      expect(error).toMatchObject({ type: `${ERRORS}communication`, status });
      expect(error.detail).not.toContain('secret');
    },
  );

  describe('with redirects', () => {
    it('follows them, a POST by GET, and keeps credentials with their origin', async () => {
      const other = await serve((_, response) => json(response, 'there'));
      const first = await serve(({ url }, response) => {
        const location = url === '/a' ? '/b' : `${other.url}/c`;
        response.writeHead(302, { location }).end('gone');
      });
      const headers = { Authorization: 'Bearer t', Cookie: 'c', 'X-A': '1' };
      const result = await caller().perform(
        call(`${first.url}/a`, { method: 'POST', headers, body: {}, redirect: true }),
      );
      expect(result).toMatchObject({ output: 'there' });
      expect(first.seen.map(({ method, url }) => `${method} ${url}`)).toEqual([
        'POST /a',
        'GET /b',
      ]);
      expect(first.seen[1]?.headers).toMatchObject({ authorization: 'Bearer t', cookie: 'c' });
      const { headers: foreign } = other.seen[0] as Seen;
      expect(foreign).toMatchObject({ 'x-a': '1', 'idempotency-key': 'the-key' });
      expect(foreign).not.toHaveProperty('authorization');
      expect(foreign).not.toHaveProperty('cookie');
      expect(foreign).not.toHaveProperty('content-type');
    });

    it('repeats the method and body after 307', async () => {
      const { url, seen } = await serve((request, response) => {
        if (request.url === '/a') response.writeHead(307, { location: '/b' }).end();
        else response.end();
      });
      await caller().perform(call(`${url}/a`, { method: 'POST', body: { x: 1 }, redirect: true }));
      expect(seen[1]).toMatchObject({ method: 'POST', body: '{"x":1}' });
    });

    it('accepts a 3xx that leads nowhere, and gives up in a circle', async () => {
      const still = await serve((_, response) => response.writeHead(304).end());
      expect(
        await caller().perform(call(still.url, { redirect: true, output: 'response' })),
      ).toMatchObject({ output: { statusCode: 304 } });
      const circle = await serve((_, response) => response.writeHead(302, { location: '/' }).end());
      expect(failure(await caller().perform(call(circle.url, { redirect: true })))).toMatchObject({
        title: 'Too Many Redirects',
      });
    });

    it.each([
      'http://169.254.169.254/latest',
      'http://[::ffff:10.0.0.1]/',
      'file:///etc/passwd',
      'http://0/',
    ])('refuses one to %s', async (location) => {
      const { url } = await serve((_, response) => response.writeHead(302, { location }).end());
      expect(failure(await caller().perform(call(url, { redirect: true })))).toMatchObject({
        type: `${ERRORS}communication`,
      });
    });
  });

  it.each([
    'http://127.0.0.1:PORT/',
    'http://2130706433:PORT/',
    'http://0x7f.1:PORT/',
    'http://017700000001:PORT/',
    'http://[::ffff:127.0.0.1]:PORT/',
    'http://[::1]:PORT/',
    'http://0.0.0.0:PORT/',
    'http://0:PORT/',
    'http://localhost:PORT/',
    'http://LOCALHOST:PORT/',
    'http://169.254.169.254/',
    'http://10.0.0.1/',
  ])('reaches nothing at %s without permission', async (uri) => {
    const { url, seen } = await serve((_, response) => response.end());
    const strict = caller({ policy: { allowLoopback: false, allowPrivate: false } });
    const error = failure(await strict.perform(call(uri.replace('PORT', new URL(url).port))));
    expect(error).toMatchObject({
      type: `${ERRORS}communication`,
      status: 403,
      title: 'Egress Refused',
    });
    expect(seen).toEqual([]);
  });

  it('reaches localhost with permission', async () => {
    const { url } = await serve((_, response) => json(response, 1));
    expect(await caller().perform(call(url.replace('127.0.0.1', 'localhost')))).toMatchObject({
      output: 1,
    });
  });

  it.each([
    ['no URL', 'x'],
    ['another protocol', 'ftp://example.com/'],
    ['no host', 'https://'],
  ])('makes a communication error of %s', async (_, uri) => {
    expect(failure(await caller().perform(call(uri)))).toMatchObject({
      type: `${ERRORS}communication`,
      status: 500,
    });
  });

  it('makes a communication error of a refused connection and of an impossible header', async () => {
    const { url } = await serve((_, response) => response.end());
    servers[0]?.close();
    expect(failure(await caller().perform(call(url)))).toMatchObject({
      type: `${ERRORS}communication`,
      status: 503,
    });
    const headers = { 'X-A': 'a\r\nX-B: b' };
    expect(failure(await caller().perform(call(url, { headers })))).toMatchObject({
      type: `${ERRORS}communication`,
      status: 400,
    });
  });

  it.each([
    ['broken JSON', '{"a":'],
    ['JSON without a bottom', '['.repeat(1_000) + ']'.repeat(1_000)],
    ['JSON of nothing but objects', `[${'{},'.repeat(500_000)}1]`],
  ])('refuses %s', async (_, body) => {
    const { url } = await serve((_request, response) =>
      response.writeHead(200, { 'content-type': 'application/json' }).end(body),
    );
    expect(failure(await caller().perform(call(url)))).toMatchObject({ title: 'Invalid Response' });
  });

  it('stops reading a response that is too large', async () => {
    let sent = 0;
    const { url } = await serve((_, response) => {
      const more = (): void => {
        while (!response.destroyed && sent < 50_000_000) {
          sent += 65_536;
          if (!response.write(Buffer.alloc(65_536))) {
            response.once('drain', more);
            return;
          }
        }
        response.end();
      };
      more();
    });
    const error = failure(await caller({ maxResponseBytes: 100_000 }).perform(call(url)));
    expect(error).toMatchObject({ title: 'Response Too Large' });
    expect(sent).toBeLessThan(50_000_000);
  });

  it('ends at its deadline with a timeout', async () => {
    const { url } = await serve(() => undefined);
    const error = failure(await caller().perform(call(url, {}, Date.now() + 50)));
    expect(error).toMatchObject({ type: `${ERRORS}timeout`, status: 408 });
  });

  it('ends when it is aborted', async () => {
    const abort = new AbortController();
    const { url } = await serve(() => abort.abort());
    const error = failure(await caller().perform(call(url), { signal: abort.signal }));
    expect(error).toMatchObject({ type: `${ERRORS}communication` });
  });
});
