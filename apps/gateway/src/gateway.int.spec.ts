import {
  acceptedExecutionSchema,
  executionSchema,
  executionSummarySchema,
  flowVersionSchema,
  historySchema,
  usageSchema,
  problemSchema,
} from '@easyflow/contracts-http';
import { storeHistory, type HistoryItem } from '@easyflow/engine';
import { newId } from '@easyflow/kernel-ids';
import { waitFor, type TestTenant } from '@easyflow/testing';
import { GatewayRig, orderFlow } from './gateway-rig.test';

let rig: GatewayRig;
let a: TestTenant;
let b: TestTenant;

beforeAll(async () => {
  rig = await GatewayRig.start();
  a = await rig.tenant();
  b = await rig.tenant({}, 'schema');
  expect((await rig.apply(a, orderFlow())).status).toBe(201);
}, 60_000);
afterAll(() => rig.close(), 30_000);

const START = '/v1/flows/shop/order/executions';
const start = (tenant: TestTenant, json: unknown, headers: Record<string, string> = {}) =>
  rig.call<{ id: string; status: string; dispatch: string }>('POST', START, {
    credential: tenant.apiKey,
    json,
    headers,
  });
const get = (tenant: TestTenant, path: string) =>
  rig.call('GET', path, { credential: tenant.apiKey });

describe('starting', () => {
  it('accepts after the commit, with the work row', async () => {
    const answer = await start(a, { input: { amount: 3 }, mode: 'realtime' });
    expect(answer.status).toBe(202);
    const { id, status, dispatch } = acceptedExecutionSchema.parse(answer.body);
    expect({ status, dispatch }).toEqual({ status: 'pending', dispatch: 'hinted' });
    expect(answer.headers.get('location')).toBe(`/v1/executions/${id}`);
    const work = await rig.database.superuser<{ kind: string; class: number }>(
      'SELECT kind, class FROM ef.work WHERE id = $1',
      [id],
    );
    expect(work).toEqual([{ kind: 'execution', class: 0 }]);
    const stored = await get(a, `/v1/executions/${id}`);
    expect(executionSchema.parse(stored.body)).toMatchObject({
      id,
      status: 'pending',
      mode: 'realtime',
      flow: { namespace: 'shop', name: 'order', version: '1.0.0' },
      input: { amount: 3 },
    });
  });

  it('takes the alias', async () => {
    const answer = await rig.call('POST', '/workflows/execute', {
      credential: a.apiKey,
      json: { flow: { namespace: 'shop', name: 'order' }, input: { amount: 1 } },
    });
    expect(answer.status).toBe(202);
  });

  it('runs a tenant with a schema of its own there', async () => {
    expect((await rig.apply(b, orderFlow('2.0.0'))).status).toBe(201);
    const answer = await start(b, { input: { amount: 1 } });
    expect(answer.status).toBe(202);
    const read = await get(b, `/v1/executions/${answer.body.id}`);
    expect(read.body).toMatchObject({ flow: { version: '2.0.0' } });
  });

  it('holds eco executions until their window', async () => {
    const answer = await start(a, { input: { amount: 1 }, mode: 'eco' });
    expect(answer.status).toBe(202);
    const [row] = await rig.database.superuser<{ class: number }>(
      'SELECT class FROM ef.work WHERE id = $1',
      [answer.body.id],
    );
    expect(row).toEqual({ class: 1 });
  });

  it('commits many concurrent requests of many tenants, each once', async () => {
    const tenants = await Promise.all([1, 2, 3, 4, 5].map(() => rig.tenant()));
    await Promise.all(tenants.map((tenant) => rig.apply(tenant, orderFlow())));
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, index) =>
        start(tenants[index % tenants.length] ?? a, { input: { amount: index } }),
      ),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]));
    const ids = answers.map(({ body }) => body.id);
    const [count] = await rig.database.superuser<{ executions: string; work: string }>(
      `SELECT (SELECT count(*) FROM ef.executions WHERE id = ANY ($1)) AS executions,
              (SELECT count(*) FROM ef.work WHERE id = ANY ($1)) AS work`,
      [ids],
    );
    expect(count).toEqual({ executions: '200', work: '200' });
  });

  it('keeps what JSON allows and jsonb does not', async () => {
    const note = 'a\u0000b\ud800c';
    const answer = await start(a, { input: { amount: 1, note } });
    expect(answer.status).toBe(202);
    const read = await get(a, `/v1/executions/${answer.body.id}`);
    expect(read.body).toMatchObject({ input: { amount: 1, note } });
  });

  it.each([
    [{ input: {} }, 422, 'input.invalid'],
    [{ input: { amount: 'x' } }, 422, 'input.invalid'],
    [{ input: { amount: 1 }, mode: 'turbo' }, 422, 'request.invalid'],
    [{ input: { amount: 1 }, version: '9.9.9' }, 404, 'flow.version_unknown'],
    [{ input: { amount: 1 }, version: '\u0000' }, 404, 'flow.version_unknown'],
    [[], 422, 'request.invalid'],
  ])('refuses %j', async (json, status, code) => {
    const answer = await start(a, json);
    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(problemSchema.parse(answer.body)).toMatchObject({ status, code });
  });

  it('believes no row of one tenant that its document is another one’s', async () => {
    const { document: head } = orderFlow() as { document: object };
    const [one, other] = [await rig.tenant(), await rig.tenant()];
    await rig.apply(other, orderFlow());
    await rig.apply(one, {
      document: { ...head, name: 'loose' },
      do: [{ one: { set: { a: 1 } } }],
    });
    // What the tenant's own road may write: a hash that is B's.
    await rig.database.superuser(
      `UPDATE ef.flow_versions SET content_hash = (
         SELECT v.content_hash FROM ef.flow_versions v WHERE v.tenant_id = $2)
       WHERE tenant_id = $1 AND name = 'loose'`,
      [one.id, other.id],
    );
    const own = await rig.call('POST', '/v1/flows/shop/loose/executions', {
      credential: one.apiKey,
      json: { input: { amount: 'x' } },
    });
    expect(own.status).toBe(202);
    const theirs = await start(other, { input: { amount: 'x' } });
    expect(theirs.body).toMatchObject({ status: 422, code: 'input.invalid' });
  });

  it('accepts what only another version can read, and leaves its input to the executor', async () => {
    const newer = await rig.tenant();
    await rig.apply(newer, orderFlow());
    await rig.database.superuser(
      `UPDATE ef.flow_versions SET document = jsonb_set(document::jsonb, '{input,schema,format}', '"avro"')::json
       WHERE tenant_id = $1`,
      [newer.id],
    );
    expect((await start(newer, { input: { amount: 'x' } })).status).toBe(202);
  });

  it('checks by a large schema without keeping anybody waiting', async () => {
    const heavy = await rig.tenant();
    const properties = Object.fromEntries(
      Array.from({ length: 400 }, (_, n) => [`p${n}`, { type: 'string', minLength: 1 }]),
    );
    const input = { schema: { document: { type: 'object', properties } } };
    expect((await rig.apply(heavy, orderFlow('1.0.0', { input }))).status).toBe(201);
    expect((await start(heavy, { input: { p1: 'x' } })).status).toBe(202);
    const refused = await start(heavy, { input: { p7: '' } });
    expect(refused).toMatchObject({
      status: 422,
      body: { code: 'input.invalid', errors: [{ pointer: '#/p7' }] },
    });
  });

  it('names the place in the input', async () => {
    const answer = await start(a, { input: { amount: 'x' } });
    expect(answer.body).toMatchObject({ errors: [{ pointer: '#/amount' }] });
  });

  it.each(['/v1/flows/shop/nothing/executions', '/v1/flows/SHOP/%00/executions'])(
    'knows no flow at %s',
    async (path) => {
      const answer = await rig.call('POST', path, { credential: a.apiKey, json: {} });
      expect(answer).toMatchObject({ status: 404, body: { code: 'flow.unknown' } });
    },
  );
});

describe('an Idempotency-Key', () => {
  const input = { input: { amount: 7 } };

  it('gives concurrent duplicates the same execution', async () => {
    const key = newId();
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        start(a, input, { 'idempotency-key': index % 2 ? key : `"${key}"` }),
      ),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]));
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
    const later = await start(a, { mode: undefined, ...input }, { 'idempotency-key': key });
    expect(later.body.id).toBe(answers[0]?.body.id);
  });

  it('refuses another body or flow, whatever it is', async () => {
    const key = { 'idempotency-key': newId() };
    await start(a, input, key);
    for (const other of [{ input: { amount: 8 } }, { ...input, mode: 'eco' }, { input: {} }]) {
      expect(await start(a, other, key)).toMatchObject({
        status: 422,
        body: { code: 'idempotency.mismatch' },
      });
    }
  });

  it('is bound only by what was accepted', async () => {
    const key = { 'idempotency-key': newId() };
    expect((await start(a, { input: {} }, key)).status).toBe(422);
    expect((await start(a, input, key)).status).toBe(202);
  });

  it('is a tenant’s own', async () => {
    const key = { 'idempotency-key': newId() };
    const [one, two] = [await start(a, input, key), await start(b, input, key)];
    expect(one.body.id).not.toBe(two.body.id);
  });

  it('answers the first execution after the flow has changed', async () => {
    const tenant = await rig.tenant();
    await rig.apply(tenant, orderFlow());
    const key = { 'idempotency-key': newId() };
    const first = await start(tenant, input, key);
    const stricter = {
      input: { schema: { document: { type: 'object', required: ['customer'] } } },
    };
    expect((await rig.apply(tenant, orderFlow('1.1.0', stricter))).status).toBe(201);
    expect((await start(tenant, input)).status).toBe(422);
    expect(await start(tenant, input, key)).toMatchObject({
      status: 202,
      body: { id: first.body.id },
    });
  });

  it('is bound anew after it has expired', async () => {
    const key = newId();
    const first = await start(a, input, { 'idempotency-key': key });
    await rig.database.superuser(
      `UPDATE ef.idempotency_keys SET expires_at = now() - interval '1 second' WHERE key = $1`,
      [key],
    );
    const second = await start(a, { input: { amount: 8 } }, { 'idempotency-key': key });
    expect(second.status).toBe(202);
    expect(second.body.id).not.toBe(first.body.id);
  });

  it('is refused when it is malformed', async () => {
    for (const key of ['a b', 'x'.repeat(256), '""']) {
      expect(await start(a, input, { 'idempotency-key': key })).toMatchObject({
        status: 400,
        body: { code: 'idempotency.key_invalid' },
      });
    }
  });

  it('with Prefer answers the result of what has ended', async () => {
    const key = { 'idempotency-key': newId() };
    const { body } = await start(a, input, key);
    await rig.end(body.id, 'completed', { output: { total: 7 } });
    expect(await start(a, input, key)).toMatchObject({
      status: 202,
      body: { id: body.id, status: 'completed', dispatch: 'hinted' },
    });
    const waited = await start(a, input, { ...key, prefer: 'wait=5' });
    expect(waited.status).toBe(200);
    expect(waited.body).toEqual({ id: body.id, status: 'completed', output: { total: 7 } });
  });
});

describe('Prefer: wait', () => {
  it('answers with the result, found by the slow poll when no message comes', async () => {
    const pending = start(a, { input: { amount: 5 } }, { prefer: 'wait=30', 'x-mark': 'poll' });
    const [row] = await waitFor(
      async () => {
        const rows = await rig.database.superuser<{ id: string }>(
          `SELECT id FROM ef.executions WHERE reply_slot = '0' AND status = 'pending'
         ORDER BY id DESC LIMIT 1`,
        );
        return rows.length > 0 ? rows : undefined;
      },
      { describe: 'the execution to be stored' },
    );
    await rig.end(row?.id ?? '', 'faulted', { error: { type: 'x', status: 500 } });
    const answer = await pending;
    expect(answer.status).toBe(200);
    expect(answer.headers.get('preference-applied')).toBe('wait=30');
    expect(answer.body).toEqual({
      id: row?.id,
      status: 'faulted',
      error: { type: 'x', status: 500 },
    });
  });

  it('answers with a result of megabytes, and the small ones that end with it', async () => {
    const flow = await rig.tenant();
    await rig.apply(flow, orderFlow());
    const texts = ['x'.repeat(5_000_000), 'small', 'y'.repeat(3_000_000)];
    const pending = texts.map(() => start(flow, { input: { amount: 5 } }, { prefer: 'wait=30' }));
    const ids = await waitFor(
      async () => {
        const rows = await rig.database.superuser<{ id: string }>(
          'SELECT id FROM ef.executions WHERE tenant_id = $1 ORDER BY id',
          [flow.id],
        );
        return rows.length === texts.length && rows.map(({ id }) => id);
      },
      { describe: 'the executions to be stored' },
    );
    for (const [index, text] of texts.entries()) {
      await rig.end(ids[index] ?? '', 'completed', { output: text });
    }
    const answers = await Promise.all(pending);
    const outputs = answers.map(({ body }) => (body as { output?: string }).output ?? '');
    const lengths = (list: string[]) => list.map((text) => text.length).sort();
    expect(lengths(outputs)).toEqual(lengths(texts));
  });

  it('answers 202 when the time is over', async () => {
    const answer = await start(a, { input: { amount: 5 } }, { prefer: 'wait=1' });
    expect(answer).toMatchObject({ status: 202, body: { status: 'pending', dispatch: 'hinted' } });
    expect(answer.headers.get('preference-applied')).toBe('wait=1');
  });

  it('ignores a malformed one', async () => {
    const answer = await start(a, { input: { amount: 5 } }, { prefer: 'wait=soon' });
    expect(answer.status).toBe(202);
    expect(answer.headers.get('preference-applied')).toBeNull();
  });
});

describe('reading', () => {
  it('lists newest first, in pages, by flow and status', async () => {
    const tenant = await rig.tenant();
    await rig.apply(tenant, orderFlow());
    const ids: string[] = [];
    for (let amount = 0; amount < 5; amount += 1) {
      ids.unshift((await start(tenant, { input: { amount } })).body.id);
    }
    await rig.end(ids[2] ?? '', 'completed', { output: 1 });
    const list = async (query: string) => {
      const { body } = await get(tenant, `/v1/executions${query}`);
      return body as { items: { id: string }[]; nextCursor?: string };
    };
    const first = await list('?limit=2&flow=shop/order');
    expect(first.items.map(({ id }) => id)).toEqual(ids.slice(0, 2));
    executionSummarySchema.parse(first.items[0]);
    expect(first.items[0]).not.toHaveProperty('input');
    const second = await list(`?limit=3&cursor=${first.nextCursor}`);
    expect(second.items.map(({ id }) => id)).toEqual(ids.slice(2));
    expect(second).not.toHaveProperty('nextCursor');
    expect((await list('?status=completed')).items.map(({ id }) => id)).toEqual([ids[2]]);
    expect((await list('?flow=shop/other')).items).toEqual([]);
  });

  it('lists errors of authors short, however long they are', async () => {
    const tenant = await rig.tenant();
    await rig.apply(tenant, orderFlow());
    const faulted = async (error: object) => {
      const { id } = (await start(tenant, { input: { amount: 1 } })).body;
      await rig.end(id, 'faulted', { error });
      return id;
    };
    const small = { type: 'https://a.test/e', status: 418, title: 'T', instance: '/do/0/a' };
    const long = { ...small, title: '\u0000"\ud800é😀'.repeat(100_000), detail: 'd' };
    const id = await faulted(long);
    await faulted(small);
    const { body, text } = await get(tenant, '/v1/executions');
    const { items } = body as { items: { error: { title: string; status: number } }[] };
    for (const item of items) executionSummarySchema.parse(item);
    expect(items[0]?.error).toEqual(small);
    expect(items[1]?.error).toMatchObject({ type: small.type, status: 418 });
    expect(items[1]?.error.title).toMatch(/^\u0000"\ud800é😀.*…$/s);
    expect(text.length).toBeLessThan(20_000);
    expect((await get(tenant, `/v1/executions/${id}`)).body).toMatchObject({ error: long });
  });

  it.each(['limit=0', 'limit=1001', 'limit=x', 'status=done', 'flow=shop', 'flow=a/b/c'])(
    'refuses %s',
    async (query) => {
      expect(await get(a, `/v1/executions?${query}`)).toMatchObject({
        status: 400,
        body: { code: 'query.invalid' },
      });
    },
  );

  it('refuses a cursor that no list gave', async () => {
    for (const path of ['/v1/executions', '/v1/flows', '/v1/flows/shop/order/versions']) {
      expect(await get(a, `${path}?cursor=x`)).toMatchObject({
        status: 400,
        body: { code: 'request.invalid_cursor' },
      });
    }
  });

  it('gives the history in order', async () => {
    const { body } = await start(a, { input: { amount: 1 } });
    const path = `/v1/executions/${body.id}/history`;
    expect((await get(a, path)).body).toEqual({ items: [] });
    const at = '2026-01-01T00:00:00.000Z';
    const item = (sequence: number): HistoryItem => ({
      sequence,
      type: 'taskStarted',
      task: '/do/0/price',
      at,
    });
    for (const [segment, items] of [
      [3, [item(3)]],
      [1, [item(1), item(2)]],
    ] as const) {
      await rig.database.superuser(
        `INSERT INTO ef.execution_history (tenant_id, execution_id, segment, items) VALUES ($1, $2, $3, $4)`,
        [a.id, body.id, segment, storeHistory(items)],
      );
    }
    const { items } = historySchema.parse((await get(a, path)).body);
    expect(items).toEqual([item(1), item(2), item(3)]);
    const page = async (query: string) => (await get(a, `${path}?${query}`)).body;
    expect(await page('limit=2')).toEqual({ items: [item(1), item(2)], nextAfter: 2 });
    expect(await page('after=1&limit=1')).toEqual({ items: [item(2)], nextAfter: 2 });
    expect(await page('after=2')).toEqual({ items: [item(3)] });
    expect(await page('after=3&limit=1')).toEqual({ items: [] });
    for (const query of ['after=-1', 'after=x', 'limit=0', 'limit=10001', 'after=2147483647']) {
      expect(await page(query)).toMatchObject({ status: 400, code: 'query.invalid' });
    }
  });

  it('gives a long history in pages of ten thousand', async () => {
    const { body } = await start(a, { input: { amount: 1 } });
    const path = `/v1/executions/${body.id}/history`;
    await rig.database.superuser(
      `INSERT INTO ef.execution_history (tenant_id, execution_id, segment, items)
       SELECT $1, $2, n * 2 - 1, '["2026-01-01T00:00:00.000Z",["/do/0/price"]]' FROM generate_series(1, 7000) n`,
      [a.id, body.id],
    );
    const first = historySchema.parse((await get(a, path)).body);
    expect(first.items.map(({ sequence }) => sequence)).toEqual(
      Array.from({ length: 10_000 }, (_, index) => index + 1),
    );
    const next = historySchema.parse((await get(a, `${path}?after=${first.nextAfter}`)).body);
    expect(next.items).toHaveLength(4_000);
    expect(next).not.toHaveProperty('nextAfter');
  });

  it('gives usage in pages', async () => {
    const tenant = await rig.tenant();
    await rig.database.superuser(
      `INSERT INTO ef.usage_hourly
       SELECT $1, '2026-03-01T10:00Z'::timestamptz + n / 4 * interval '1 hour', 'shop', (ARRAY['a', 'b'])[n / 2 % 2 + 1],
              (ARRAY['balanced', 'eco'])[n % 2 + 1], n, 0 FROM generate_series(0, 1999) n`,
      [tenant.id],
    );
    const range = '?from=2026-03-01T10:30:00Z&to=2027-03-01T00:00:00Z';
    const page = async (query: string) =>
      usageSchema.parse((await get(tenant, `/v1/usage${range}${query}`)).body);
    const counts: number[] = [];
    let next: string | undefined = '';
    while (next !== undefined) {
      const got: Awaited<ReturnType<typeof page>> = await page(next);
      counts.push(...got.items.map(({ executions }) => executions));
      next = got.nextCursor === undefined ? undefined : `&limit=300&cursor=${got.nextCursor}`;
    }
    expect(counts).toEqual(Array.from({ length: 2_000 }, (_, n) => n));
    expect((await page('')).items).toHaveLength(1_000);
    expect(await get(tenant, `/v1/usage?cursor=x`)).toMatchObject({
      body: { code: 'request.invalid_cursor' },
    });
  });

  it('gives usage, exactly', async () => {
    await rig.database.superuser(
      `INSERT INTO ef.usage_hourly VALUES ($1, '2026-03-01T10:00Z', 'shop', 'order', 'eco', 12, 0.036)`,
      [a.id],
    );
    const usage = (query: string) => get(a, `/v1/usage${query}`);
    expect((await usage('?from=2026-03-01T10:30:00Z&to=2026-03-01T11:00:00Z')).body).toEqual({
      items: [
        {
          hour: '2026-03-01T10:00:00.000Z',
          flow: 'shop/order',
          mode: 'eco',
          executions: 12,
          cost: '0.036',
        },
      ],
    });
    expect((await usage('?from=2026-03-01T11:00:00Z')).body).toEqual({ items: [] });
    expect((await usage('')).status).toBe(200);
    expect(await usage('?from=yesterday')).toMatchObject({ status: 400 });
  });
});

describe('cancelling', () => {
  it('leaves a signal and wakes the execution', async () => {
    const { body } = await start(a, { input: { amount: 1 } });
    const cancel = () =>
      rig.call('POST', `/v1/executions/${body.id}/cancel`, { credential: a.apiKey });
    const answer = await cancel();
    expect(answer.status).toBe(202);
    expect(executionSchema.parse(answer.body)).toMatchObject({ id: body.id, status: 'pending' });
    const [row] = await rig.database.superuser<{ wake_seq: number; signal: unknown }>(
      `SELECT w.wake_seq, s.signal FROM ef.work w JOIN ef.execution_signals s ON s.execution_id = w.id
       WHERE w.id = $1`,
      [body.id],
    );
    expect(row).toEqual({ wake_seq: 1, signal: { kind: 'cancel' } });
    for (let again = 0; again < 5; again += 1) expect((await cancel()).status).toBe(202);
    const signals = await rig.database.superuser(
      'SELECT FROM ef.execution_signals WHERE execution_id = $1',
      [body.id],
    );
    expect(signals).toHaveLength(1);
    await rig.end(body.id, 'cancelled');
    expect(await cancel()).toMatchObject({ status: 409, body: { code: 'execution.final' } });
  });
});

describe('resuming', () => {
  it('says why no process runs an execution, and has it tried again', async () => {
    const { body } = await start(a, { input: { amount: 1 } });
    const path = `/v1/executions/${body.id}`;
    await rig.database.superuser(
      `UPDATE ef.work SET attempts = 5, reason = 'five deaths', due_at = 'infinity' WHERE id = $1`,
      [body.id],
    );
    await rig.database.superuser(`UPDATE ef.executions SET status = 'suspended' WHERE id = $1`, [
      body.id,
    ]);
    const shown = await rig.call('GET', path, { credential: a.apiKey });
    expect(executionSchema.parse(shown.body)).toMatchObject({
      status: 'suspended',
      waitingFor: [{ kind: 'resume', detail: 'five deaths' }],
    });

    expect(await rig.call('POST', `${path}/resume`, { credential: b.apiKey })).toMatchObject({
      status: 404,
    });
    const answer = await rig.call('POST', `${path}/resume`, { credential: a.apiKey });
    expect(answer.status).toBe(202);
    const resumed = executionSchema.parse(answer.body);
    expect([resumed.status, resumed.waitingFor]).toEqual(['pending', undefined]);
    const [work] = await rig.database.superuser<Record<string, unknown>>(
      'SELECT attempts, reason, wake_seq, due_at <= now() AS due FROM ef.work WHERE id = $1',
      [body.id],
    );
    expect(work).toEqual({ attempts: 0, reason: null, wake_seq: 1, due: true });

    // One that is not suspended goes on as it does.
    const again = await rig.call('POST', `${path}/resume`, { credential: a.apiKey });
    expect(again.status).toBe(202);
    await rig.end(body.id, 'completed');
    expect(await rig.call('POST', `${path}/resume`, { credential: a.apiKey })).toMatchObject({
      status: 409,
      body: { code: 'execution.final' },
    });
  });
});

describe('flows', () => {
  const yaml = `# comment
document:
  dsl: 1.0.0
  namespace: docs
  name: greet
  version: 1.0.0
do:
  - greet:
      set: { greeting: hello }
`;
  const apply = (body: string, type: string, query = '') =>
    rig.call('POST', `/v1/flows${query}`, {
      credential: a.apiKey,
      body,
      headers: { 'content-type': type },
    });
  const document = {
    do: [{ greet: { set: { greeting: 'hello' } } }],
    document: { version: '1.0.0', name: 'greet', namespace: 'docs', dsl: '1.0.0' },
  };

  it('are versioned immutably and compared by content', async () => {
    const first = await apply(yaml, 'application/yaml');
    expect(first.status).toBe(201);
    expect(flowVersionSchema.parse(first.body)).toMatchObject({
      namespace: 'docs',
      name: 'greet',
      version: '1.0.0',
      active: true,
    });
    const same = await apply(JSON.stringify(document), 'application/json; charset=utf-8');
    expect(same.status).toBe(200);
    expect(same.body).toEqual(first.body);
    const other = await apply(yaml.replace('hello', 'goodbye'), 'application/yaml');
    expect(other).toMatchObject({ status: 409, body: { code: 'flow.version_conflict' } });
  });

  it('are reached by every name and version that can be applied', async () => {
    const named = (version: string) => {
      const { document: names, ...rest } = document;
      return rig.apply(b, {
        ...rest,
        document: { ...names, namespace: 'Docs', name: 'GREET-1', version },
      });
    };
    const longest = `1.0.0-${'a'.repeat(249)}`;
    expect((await named(longest)).status).toBe(201);
    expect(await get(b, '/v1/flows/Docs/GREET-1')).toMatchObject({
      status: 200,
      body: { namespace: 'Docs', name: 'GREET-1', version: longest },
    });
    expect((await get(b, `/v1/flows/Docs/GREET-1/versions/${longest}`)).status).toBe(200);
    expect((await get(b, '/v1/flows/docs/greet-1')).status).toBe(404);
    expect((await get(b, '/v1/executions?flow=Docs/GREET-1')).body).toEqual({ items: [] });
    const started = await rig.call('POST', '/v1/flows/Docs/GREET-1/executions', {
      credential: b.apiKey,
    });
    expect(started.status).toBe(202);
    expect(await named(`${longest}a`)).toMatchObject({
      status: 422,
      body: { code: 'flow.invalid', errors: [{ pointer: '#/document/version', line: 1 }] },
    });
  });

  it('activate only what is asked for', async () => {
    const second = yaml.replace('version: 1.0.0', 'version: 2.0.0');
    expect(await apply(second, 'application/yaml', '?activate=false')).toMatchObject({
      status: 201,
      body: { version: '2.0.0', active: false },
    });
    // Identical content changes nothing, activation included.
    expect(await apply(second, 'application/yaml')).toMatchObject({
      status: 200,
      body: { active: false },
    });
    expect((await get(a, '/v1/flows/docs/greet')).body).toMatchObject({ version: '1.0.0' });
    const path = '/v1/flows/docs/greet/versions/2.0.0/activate';
    expect(await rig.call('POST', path, { credential: a.apiKey })).toMatchObject({
      status: 200,
      body: { version: '2.0.0', active: true },
    });
    expect((await get(a, '/v1/flows/docs/greet')).body).toMatchObject({ version: '2.0.0' });
    const versions = (await get(a, '/v1/flows/docs/greet/versions')).body as {
      items: { version: string; active: boolean }[];
    };
    expect(versions.items.map(({ version, active }) => [version, active])).toEqual([
      ['2.0.0', true],
      ['1.0.0', false],
    ]);
  });

  it('start with the active version at once', async () => {
    const path = '/v1/flows/docs/greet/executions';
    const started = await rig.call('POST', path, { credential: a.apiKey });
    expect(started.status).toBe(202);
    const { id } = started.body as { id: string };
    expect((await get(a, `/v1/executions/${id}`)).body).toMatchObject({
      flow: { version: '2.0.0' },
      input: {},
    });
  });

  it('come back as they were applied, or as Accept says', async () => {
    const path = '/v1/flows/docs/greet/versions/1.0.0';
    const applied = await get(a, path);
    expect(applied.headers.get('content-type')).toContain('application/yaml');
    expect(applied.text).toBe(yaml);
    const json = await rig.call('GET', path, {
      credential: a.apiKey,
      headers: { accept: 'application/json' },
    });
    expect(json.body).toEqual(document);
  });

  it('are listed in pages', async () => {
    const page = (await get(a, '/v1/flows?limit=1')).body as {
      items: { name: string }[];
      nextCursor: string;
    };
    expect(page.items.map(({ name }) => name)).toEqual(['greet']);
    const next = (await get(a, `/v1/flows?cursor=${page.nextCursor}`)).body as typeof page;
    expect(next.items.map(({ name }) => name)).toEqual(['order']);
    expect(next).not.toHaveProperty('nextCursor');
  });

  it.each([
    ['application/yaml', 'a: [', 400, 'document.malformed'],
    ['application/json', '{"a":', 400, 'document.malformed'],
    ['application/yaml', 'document: {}', 422, 'flow.invalid'],
    ['text/plain', yaml, 415, 'body.unsupported_media_type'],
    ['application/yaml', yaml.replace('greeting: hello', "a: '${ .x | }'"), 422, 'flow.invalid'],
  ])('refuses %s %j', async (type, body, status, code) => {
    const answer = await apply(body, type);
    expect(answer).toMatchObject({ status, body: { code } });
    problemSchema.parse(answer.body);
  });

  it('with a schedule get a work row, and lose it with it', async () => {
    const scheduled = (version: string, schedule: object) =>
      rig.apply(a, {
        document: { dsl: '1.0.0', namespace: 'docs', name: 'tick', version },
        schedule,
        do: [{ greet: { set: { a: 1 } } }],
      });
    const rows = () =>
      rig.database.superuser<{ version: string; kind: string; due: boolean }>(
        `SELECT s.version, s.kind, w.due_at = s.next_tick AS due
         FROM ef.schedules s JOIN ef.work w ON w.id = s.id AND w.kind = 'schedule'`,
      );
    expect((await scheduled('1.0.0', { every: { hours: 1 } })).status).toBe(201);
    expect(await rows()).toEqual([{ version: '1.0.0', kind: 'every', due: true }]);
    expect((await scheduled('1.1.0', { cron: '0 0 1 1 *' })).status).toBe(201);
    expect(await rows()).toEqual([{ version: '1.1.0', kind: 'cron', due: true }]);
    const plain = {
      document: { dsl: '1.0.0', namespace: 'docs', name: 'tick', version: '2.0.0' },
      do: [{ greet: { set: { a: 1 } } }],
    };
    expect((await rig.apply(a, plain)).status).toBe(201);
    expect(await rows()).toEqual([]);
  });
});

describe('another tenant’s ids', () => {
  it('are like ids that do not exist, on every route', async () => {
    const { body } = await start(a, { input: { amount: 1 } });
    const paths = (id: string, flow: string) => [
      ['GET', `/v1/executions/${id}`],
      ['GET', `/v1/executions/${id}/history`],
      ['POST', `/v1/executions/${id}/cancel`],
      ['GET', `/v1/flows/${flow}`],
      ['GET', `/v1/flows/${flow}/versions`],
      ['GET', `/v1/flows/${flow}/versions/1.0.0`],
      ['POST', `/v1/flows/${flow}/versions/1.0.0/activate`],
      ['POST', `/v1/flows/${flow}/executions`],
    ];
    const c = await rig.tenant();
    const theirs = paths(body.id, 'shop/order');
    const nobodys = paths(newId(), 'shop/nothing');
    for (const [index, [method = '', path = '']] of theirs.entries()) {
      const found = await rig.call(method, path, { credential: c.apiKey });
      const [, other = ''] = nobodys[index] ?? [];
      const missing = await rig.call(method, other, { credential: c.apiKey });
      expect([method, path, found.status]).toEqual([method, path, 404]);
      expect(found.body['code']).toBe(missing.body['code']);
      expect(missing.status).toBe(404);
    }
    expect((await get(c, '/v1/executions')).body).toEqual({ items: [] });
    expect((await get(c, '/v1/flows')).body).toEqual({ items: [] });
    expect((await get(a, `/v1/executions/${body.id}`)).status).toBe(200);
  });

  it('are unknown when they are no ids', async () => {
    for (const id of ['1', 'x%00', '00000000-0000-0000-0000-00000000000g', "'--"]) {
      expect(await get(a, `/v1/executions/${id}`)).toMatchObject({
        status: 404,
        body: { code: 'execution.unknown' },
      });
    }
  });
});
