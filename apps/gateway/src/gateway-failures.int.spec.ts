import { problemSchema } from '@easyflow/contracts-http';
import { newId } from '@easyflow/kernel-ids';
import { waitFor, type TestTenant } from '@easyflow/testing';
import { Agent, request } from 'undici';
import { GatewayRig, orderFlow } from './gateway-rig.test';
import { connect } from 'node:net';

let rig: GatewayRig;
let tenant: TestTenant;

beforeAll(async () => {
  rig = await GatewayRig.start();
  tenant = await rig.tenant();
  expect((await rig.apply(tenant, orderFlow())).status).toBe(201);
}, 60_000);
afterAll(() => rig.close(), 30_000);

const START = '/v1/flows/shop/order/executions';
const start = (headers: Record<string, string> = {}, json: unknown = { input: { amount: 1 } }) =>
  rig.call<{ id: string }>('POST', START, { credential: tenant.apiKey, json, headers });
const stored = async () => {
  const [row] = await rig.database.superuser<{ n: string }>(
    'SELECT count(*) AS n FROM ef.executions',
  );
  return Number(row?.n);
};

describe('with the transport down', () => {
  beforeAll(() => {
    rig.transport.down = true;
  });
  afterAll(() => {
    rig.transport.down = false;
  });

  it('executions are accepted, deferred', async () => {
    const answer = await start();
    expect(answer).toMatchObject({ status: 202, body: { dispatch: 'deferred' } });
  });

  it('a request that would wait is refused before anything is stored', async () => {
    const before = await stored();
    const answer = await start({ prefer: 'wait=10', 'idempotency-key': newId() });
    expect(answer).toMatchObject({ status: 503, body: { code: 'transport.unavailable' } });
    expect(answer.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
    problemSchema.parse(answer.body);
    expect(await stored()).toBe(before);
  });

  it('a replay of what has ended is answered, and keeps its first dispatch', async () => {
    const key = { 'idempotency-key': newId() };
    const { body } = await start(key);
    await rig.end(body.id, 'completed', { output: 1 });
    const waited = await start({ ...key, prefer: 'wait=10' });
    expect(waited.status).toBe(200);
    expect(waited.body).toEqual({ id: body.id, status: 'completed', output: 1 });
    rig.transport.down = false;
    expect((await start(key)).body).toEqual({
      id: body.id,
      status: 'completed',
      dispatch: 'deferred',
    });
    rig.transport.down = true;
    const other = { input: { amount: 2 } };
    expect(await start({ ...key, prefer: 'wait=10' }, other)).toMatchObject({
      status: 422,
      body: { code: 'idempotency.mismatch' },
    });
  });

  it('flows cannot be applied, and nothing is stored', async () => {
    const answer = await rig.apply(tenant, orderFlow('3.0.0'));
    expect(answer).toMatchObject({ status: 503, body: { code: 'transport.unavailable' } });
    const rows = await rig.database.superuser('SELECT 1 FROM ef.requests');
    expect(rows).toEqual([]);
  });

  it('what is read needs no transport', async () => {
    for (const path of ['/v1/flows', '/v1/executions', '/v1/usage', '/readyz']) {
      expect((await rig.call('GET', path, { credential: tenant.apiKey })).status).toBe(200);
    }
  });
});

describe('with the issuer down', () => {
  afterEach(() => {
    rig.issuer.down = false;
  });

  it('credentials that were verified work on, new ones are 503', async () => {
    expect((await start()).status).toBe(202);
    const fresh = await rig.tenant();
    rig.issuer.down = true;
    expect((await start()).status).toBe(202);
    const answer = await rig.call('GET', '/v1/flows', { credential: fresh.apiKey });
    expect(answer).toMatchObject({ status: 503, body: { code: 'issuer.unavailable' } });
    expect(answer.headers.get('retry-after')).not.toBeNull();
  });
});

describe('with the database down', () => {
  it('requests are refused fast and come back by themselves', async () => {
    rig.road.up = false;
    const refused = await Promise.all([
      start(),
      start({ prefer: 'wait=5' }),
      start({ 'idempotency-key': newId() }),
      rig.call('GET', '/v1/executions', { credential: tenant.apiKey }),
      rig.call('GET', `/v1/executions/${newId()}`, { credential: tenant.apiKey }),
      rig.apply(tenant, orderFlow('4.0.0')),
    ]);
    for (const answer of refused) {
      expect(answer).toMatchObject({ status: 503, body: { code: 'database.unavailable' } });
      expect(answer.headers.get('retry-after')).not.toBeNull();
      expect(answer.text).not.toMatch(/ECONN|INSERT|127\.0\.0\.1/);
    }
    const ready = await rig.call('GET', '/readyz');
    expect(ready).toMatchObject({ status: 503, body: { checks: { database: false } } });
    expect(ready.headers.get('retry-after')).toBe('1');
    const page = await rig.call('GET', '/');
    expect(page.status).toBe(200);
    expect(page.text).toContain('Something is down');
    rig.road.up = true;
    await waitFor(async () => (await start()).status === 202, {
      describe: 'the gateway to accept again',
    });
  });
});

describe('bad requests', () => {
  const post = (body: string | Buffer, type = 'application/json') =>
    rig.call('POST', START, {
      credential: tenant.apiKey,
      body,
      headers: { 'content-type': type },
    });

  it.each([
    ['{"input": {', 400, 'body.malformed'],
    ['{"input": {"amount": 1}} x', 400, 'body.malformed'],
    [Buffer.from([0x7b, 0xff, 0x7d]), 400, 'body.malformed'],
    [`{"input":${'['.repeat(1_000)}${']'.repeat(1_000)}}`, 400, 'body.too_deep'],
    [`{"input":{"amount":1,"pad":"${'x'.repeat(1_048_576)}"}}`, 413, 'body.too_large'],
  ])('%.30s is refused and not stored', async (body, status, code) => {
    const before = await stored();
    const answer = await post(body);
    expect(answer).toMatchObject({ status, body: { code } });
    problemSchema.parse(answer.body);
    expect(await stored()).toBe(before);
  });

  it('takes no body for an empty one, but not an empty one for JSON', async () => {
    const credential = tenant.apiKey;
    expect(await rig.call('POST', START, { credential })).toMatchObject({
      status: 422,
      body: { code: 'input.invalid' },
    });
    expect(await post('')).toMatchObject({ status: 400, body: { code: 'body.malformed' } });
  });

  it('hears a sender of 10 MB out, and the connection lives', async () => {
    const agent = new Agent({ connections: 1, pipelining: 1 });
    const send = (body: Buffer) =>
      request(`${rig.gateway.url}${START}`, {
        method: 'POST',
        dispatcher: agent,
        headers: { authorization: `Bearer ${tenant.apiKey}`, 'content-type': 'application/json' },
        body,
      });
    const large = await send(Buffer.alloc(10_485_760, 'x'));
    expect([large.statusCode, await large.body.json()]).toMatchObject([413, { status: 413 }]);
    const small = await send(Buffer.from('{"input":{"amount":1}}'));
    expect(small.statusCode).toBe(202);
    await small.body.dump();
    await agent.close();
  });

  it('names the line of malformed JSON', async () => {
    const { body } = await post('{\n"input": {\n  "amount" 1 }}');
    expect(body).toMatchObject({ errors: [{ line: 3 }] });
  });

  it('takes no other content type', async () => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/yaml']) {
      expect(await post('{}', type)).toMatchObject({
        status: 415,
        body: { code: 'body.unsupported_media_type' },
      });
    }
  });

  it('takes no compressed body', async () => {
    const sent = await rig.call('POST', START, {
      credential: tenant.apiKey,
      body: '{"input":{"amount":1}}',
      headers: { 'content-type': 'application/json', 'content-encoding': 'br' },
    });
    expect(sent).toMatchObject({ status: 415, body: { code: 'body.unsupported_media_type' } });
  });

  /** Head and body of the answer to a text that no client library sends. */
  const rawAnswer = async (text: string): Promise<[string, string]> => {
    const { port, hostname } = new URL(rig.gateway.url);
    const socket = connect(Number(port), hostname, () => socket.write(text));
    let answer = '';
    for await (const chunk of socket) answer += String(chunk);
    const [head = '', body = ''] = answer.split('\r\n\r\n');
    return [head, body];
  };

  it.each([
    ['NONSENSE\r\n\r\n', 400, 'request.malformed'],
    ['GET /healthz HTTP/1.1\r\nconnection: close\r\n\r\n', 400, 'request.malformed'],
    [
      `GET / HTTP/1.1\r\nhost: a\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`,
      431,
      'request.headers_too_large',
    ],
  ])('answers a problem to %.20s', async (text, status, code) => {
    const [head, body] = await rawAnswer(text);
    expect(head).toContain(`HTTP/1.1 ${status} `);
    expect(head).toContain('content-type: application/problem+json');
    expect(problemSchema.parse(JSON.parse(body))).toMatchObject({ status, code });
  });

  it('serves HTTP/1.0, which needs no host, and ignores expectations it does not know', async () => {
    const [old] = await rawAnswer('GET /healthz HTTP/1.0\r\n\r\n');
    expect(old).toContain(' 200 ');
    const expecting =
      'GET /healthz HTTP/1.1\r\nhost: a\r\nexpect: more\r\nconnection: close\r\n\r\n';
    expect((await rawAnswer(expecting))[0]).toContain(' 200 ');
  });

  it('takes one credential, not the first of several', async () => {
    const other = await rig.tenant();
    const ask = (...keys: string[]) => {
      const headers = keys.map((key) => `authorization: Bearer ${key}\r\n`).join('');
      return rawAnswer(`GET /v1/flows HTTP/1.1\r\nhost: a\r\n${headers}connection: close\r\n\r\n`);
    };
    expect((await ask(tenant.apiKey))[0]).toContain(' 200 ');
    const [head, body] = await ask(tenant.apiKey, other.apiKey);
    expect(head).toContain('HTTP/1.1 401 ');
    expect(JSON.parse(body)).toMatchObject({ code: 'auth.required' });
  });

  it('knows no flow or execution of a name without end', async () => {
    const long = 'x'.repeat(8_000);
    for (const path of [
      `/v1/executions/${long}`,
      `/v1/flows/${long}/a`,
      `${START.replace('/executions', '')}/versions/1.0.0-${long}`,
    ]) {
      expect((await rig.call('GET', path, { credential: tenant.apiKey })).status).toBe(404);
    }
  });

  it('has no other routes and methods', async () => {
    expect(await rig.call('GET', '/v2/flows')).toMatchObject({
      status: 404,
      body: { code: 'route.unknown' },
    });
    const put = await rig.call('PUT', '/v1/flows');
    expect(put).toMatchObject({ status: 405, body: { code: 'route.method_not_allowed' } });
    expect(put.headers.get('allow')).toBe('POST, GET, HEAD');
    expect(await rig.call('GET', '/v1/flows/%zz/x')).toMatchObject({
      status: 400,
      body: { code: 'request.malformed' },
    });
  });

  it('the problem names the caller’s trace', async () => {
    const traceId = 'ab'.repeat(16);
    const { body } = await rig.call('GET', '/v1/nothing', {
      headers: { traceparent: `00-${traceId}-${'cd'.repeat(8)}-01` },
    });
    expect(body).toMatchObject({ traceId });
  });
});

describe('stopping', () => {
  it('answers who waits, commits what was accepted, and refuses the rest', async () => {
    const own = await GatewayRig.start();
    const caller = await own.tenant();
    await own.apply(caller, orderFlow());
    const post = (headers: Record<string, string>) =>
      own.call<{ id: string; status: string }>('POST', START, {
        credential: caller.apiKey,
        json: { input: { amount: 1 } },
        headers,
      });
    const waiting = post({ prefer: 'wait=60' });
    await waitFor(
      async () => (await own.database.superuser('SELECT 1 FROM ef.executions')).length === 1,
      { describe: 'the execution to be stored' },
    );
    const burst = Array.from({ length: 50 }, () => post({ connection: 'close' }).catch(() => null));
    await own.gateway.close();
    expect(await waiting).toMatchObject({ status: 202, body: { status: 'pending' } });
    const answers = (await Promise.all(burst)).filter((answer) => answer !== null);
    const ids = answers.filter(({ status }) => status === 202).map(({ body }) => body.id);
    const rows = await own.database.superuser('SELECT 1 FROM ef.executions WHERE id = ANY ($1)', [
      ids,
    ]);
    expect(rows.length).toBe(ids.length);
    await own.close();
  }, 60_000);
});
