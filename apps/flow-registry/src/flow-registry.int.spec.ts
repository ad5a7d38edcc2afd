import type { ControlRequest, FlowApplyBody, FlowReply } from '@easyflow/contracts-events';
import { newId } from '@easyflow/kernel-ids';
import { systemClock } from '@easyflow/kernel-time';
import type { DatabaseAccess, IssuerPort } from '@easyflow/tenant-context';
import { createTestDatabase, type TestDatabase, type TestTenant } from '@easyflow/testing';
import { createHash } from 'node:crypto';
import { DocumentChecker } from './flows/document-checker';
import { FlowVersionRepository } from './flows/flow-version.repository';
import { RequestHandler, type FlowPattern } from './requests/request-handler';

let database: TestDatabase;
let access: DatabaseAccess;
let gateway: IssuerPort;
let registry: IssuerPort;
let tenant: TestTenant;
let announced: string[];
const documents = new DocumentChecker();

beforeAll(async () => {
  database = await createTestDatabase();
  access = await database.accessFor(['ef_registry']);
  gateway = await database.issuerFor('gateway');
  registry = await database.issuerFor('flow-registry');
}, 60_000);
beforeEach(async () => {
  tenant = await database.createTenant();
  announced = [];
});
afterAll(async () => {
  await documents.close();
  await database.drop();
}, 30_000);

/** A process of the registry: one that restarted remembers nothing. */
const newHandler = () =>
  new RequestHandler({
    database: access,
    issuer: registry,
    flows: new FlowVersionRepository(systemClock),
    documents,
    announce: async (_tenantId, { version }) => void announced.push(version),
  });

const document = (version: string, value: unknown = 1): FlowApplyBody => ({
  source: JSON.stringify({
    document: { dsl: '1.0.0', namespace: 'shop', name: 'order', version },
    do: [{ one: { set: { value } } }],
  }),
  mediaType: 'application/json',
  activate: true,
});

/** What the gateway does before it sends the message. */
async function stored(
  body: object,
  options: { pattern?: FlowPattern; tenant?: TestTenant; storedBody?: object } = {},
): Promise<ControlRequest> {
  const { pattern = 'flow.apply', tenant: owner = tenant, storedBody = body } = options;
  const requestId = newId();
  const payloadHash = createHash('sha256').update(JSON.stringify(body)).digest('hex');
  await database.superuser(
    `INSERT INTO ef.requests (tenant_id, id, service, pattern, body) VALUES ($1, $2, 'flow-registry', $3, $4)`,
    [owner.id, requestId, pattern, JSON.stringify(storedBody)],
  );
  const delegation = await gateway.delegate(tenant.apiKey, {
    audience: 'flow-registry',
    pattern,
    requestId,
    payloadHash,
  });
  return { requestId, pattern, tenantId: owner.id, delegation, payloadHash };
}

async function replyOf({ requestId }: ControlRequest): Promise<FlowReply | null> {
  const [row] = await database.superuser<{ reply: FlowReply | null }>(
    'SELECT reply FROM ef.requests WHERE id = $1',
    [requestId],
  );
  return row?.reply ?? null;
}

const versions = () =>
  database.superuser('SELECT version FROM ef.flow_versions WHERE tenant_id = $1', [tenant.id]);

describe('a request', () => {
  it('leaves its reply in its row and announces what became active', async () => {
    const handler = newHandler();
    const request = await stored(document('1.0.0'));
    await handler.handle('flow.apply', request, 'gateway');
    expect(await replyOf(request)).toMatchObject({ kind: 'version', created: true, active: true });
    expect(announced).toEqual(['1.0.0']);
  });

  it('that comes twice is done once', async () => {
    const handler = newHandler();
    const request = await stored(document('1.0.0'));
    await handler.handle('flow.apply', request, 'gateway');
    await handler.handle('flow.apply', request, 'gateway');
    expect(await replyOf(request)).toMatchObject({ created: true });
    expect(announced).toEqual(['1.0.0']);
    // After a restart the delegation is spent: nothing is done, and nobody is told that it was.
    await expect(newHandler().handle('flow.apply', request, 'gateway')).rejects.toMatchObject({
      code: 'auth.invalid_credentials',
    });
  });

  it('that is refused leaves the refusal, and nothing else', async () => {
    const handler = newHandler();
    await handler.handle('flow.apply', await stored(document('1.0.0')), 'gateway');
    const conflict = await stored(document('1.0.0', 2));
    await handler.handle('flow.apply', conflict, 'gateway');
    expect(await replyOf(conflict)).toMatchObject({
      kind: 'refused',
      status: 409,
      code: 'flow.version_conflict',
    });
    const broken = await stored({ ...document('2.0.0'), source: '{"document": 1' });
    await handler.handle('flow.apply', broken, 'gateway');
    expect(await replyOf(broken)).toMatchObject({ status: 400, code: 'document.malformed' });
    expect(await versions()).toEqual([{ version: '1.0.0' }]);
  });

  it('whose body was changed after it was delegated does nothing', async () => {
    const request = await stored(document('1.0.0'), { storedBody: document('6.6.6') });
    await expect(newHandler().handle('flow.apply', request, 'gateway')).rejects.toMatchObject({
      code: 'registry.request_mismatch',
    });
    expect(await versions()).toEqual([]);
    expect(await replyOf(request)).toBeNull();
  });

  it('with a delegation for another pattern, request or tenant does nothing', async () => {
    const other = await database.createTenant();
    const own = await stored(document('1.0.0'));
    const theirs = await stored(document('1.0.0'), { tenant: other });
    const wrong: [FlowPattern, ControlRequest][] = [
      ['flow.activate', own],
      ['flow.apply', { ...own, requestId: theirs.requestId }],
      ['flow.apply', theirs],
    ];
    for (const [pattern, request] of wrong) {
      await expect(newHandler().handle(pattern, request, 'gateway')).rejects.toThrow();
    }
    const rows = await database.superuser('SELECT 1 FROM ef.flow_versions WHERE tenant_id = $1', [
      other.id,
    ]);
    expect(rows).toEqual([]);
    expect(await replyOf(theirs)).toBeNull();
  });
});

describe('versions', () => {
  it('that are applied side by side are all stored, and one of equal ones', async () => {
    const handler = newHandler();
    const bodies = ['1.0.0', '1.1.0', '1.0.0', '1.2.0', '1.0.0', '1.1.0'].map((one) =>
      document(one),
    );
    const requests: ControlRequest[] = [];
    for (const body of bodies) requests.push(await stored(body));
    await Promise.all(requests.map((request) => handler.handle('flow.apply', request, 'gateway')));
    const replies: (FlowReply | null)[] = [];
    for (const request of requests) replies.push(await replyOf(request));
    const made = replies.filter((reply) => reply?.kind === 'version' && reply.created);
    expect(made).toHaveLength(3);
    expect(replies.every((reply) => reply?.kind === 'version')).toBe(true);
    expect(await versions()).toHaveLength(3);
  });

  it('can be activated again and again; only a change is announced', async () => {
    const handler = newHandler();
    await handler.handle('flow.apply', await stored(document('1.0.0')), 'gateway');
    await handler.handle(
      'flow.apply',
      await stored({ ...document('2.0.0'), activate: false }),
      'gateway',
    );
    announced.length = 0;
    const activate = async (version: string) => {
      const body = { namespace: 'shop', name: 'order', version };
      const request = await stored(body, { pattern: 'flow.activate' });
      await handler.handle('flow.activate', request, 'gateway');
      return replyOf(request);
    };
    expect(await activate('2.0.0')).toMatchObject({ kind: 'version', active: true });
    expect(await activate('2.0.0')).toMatchObject({ kind: 'version', active: true });
    expect(await activate('9.0.0')).toMatchObject({ status: 404, code: 'flow.version_unknown' });
    expect(announced).toEqual(['2.0.0']);
  });
});

describe('a schedule', () => {
  const apply = async (version: string, schedule?: object) => {
    const body = {
      document: { dsl: '1.0.0', namespace: 'shop', name: 'tick', version },
      ...(schedule && { schedule }),
      do: [{ a: { set: { a: 1 } } }],
    };
    const request = await stored({
      source: JSON.stringify(body),
      mediaType: 'application/json',
      activate: true,
    });
    await newHandler().handle('flow.apply', request, 'gateway');
    expect(await replyOf(request)).toMatchObject({ kind: 'version' });
  };
  const row = async () => {
    const [found] = await database.superuser<Record<string, unknown>>(
      `SELECT s.id, s.version, s.expression, s.last_tick, s.next_tick, w.due_at <= now() AS due, w.wake_seq
       FROM ef.schedules s JOIN ef.work w ON w.tenant_id = s.tenant_id AND w.kind = 'schedule' AND w.id = s.id
       WHERE s.tenant_id = $1`,
      [tenant.id],
    );
    return found;
  };
  /** As the scheduler leaves it when it has started the run. */
  const startRun = () =>
    database.superuser(
      'UPDATE ef.schedules SET last_tick = next_tick, next_tick = NULL WHERE tenant_id = $1',
      [tenant.id],
    );

  it('of kind `after` waits for the run that is under way, across versions and without one', async () => {
    await apply('1.0.0', { after: { seconds: 60 } });
    await startRun();
    const { id } = (await row()) ?? {};
    await apply('1.0.1', { after: { seconds: 60 } });
    expect(await row()).toMatchObject({ id, version: '1.0.1', next_tick: null, due: true });
    await apply('1.1.0');
    expect(await row()).toMatchObject({ id, next_tick: null });
    await apply('1.2.0', { after: { seconds: 5 } });
    expect(await row()).toMatchObject({
      id,
      version: '1.2.0',
      expression: 'PT5S',
      next_tick: null,
    });
  });

  it('that has no run under way goes with its version, and comes anew', async () => {
    await apply('1.0.0', { every: { seconds: 60 } });
    const before = await row();
    await apply('1.1.0', { every: { seconds: 60 } });
    expect(await row()).toMatchObject({ id: before?.['id'], next_tick: before?.['next_tick'] });
    await apply('1.2.0');
    expect(await row()).toBeUndefined();
    await apply('1.3.0', { after: { seconds: 60 } });
    expect(await row()).toMatchObject({ version: '1.3.0', due: false });
  });
});
