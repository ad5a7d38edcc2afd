import {
  NOTICES_TOPIC,
  repliesTopic,
  requestsTopic,
  tenantDeadLetterTopic,
  tenantEventsTopic,
} from '@easyflow/contracts-events';
import { newId } from '@easyflow/kernel-ids';
import { waitFor } from '@easyflow/testing';
import { untilDone } from './durability/counting';
import { flow, set } from './flows';
import { signal } from './shape/processes';
import type { Tenant } from './shape/shape';
import { stageOf } from './shape/stage';
import {
  CANARY,
  forgeries,
  genuine,
  identityOf,
  type Channel,
  type Forgery,
} from './wire/forgeries';
import { everything, refusals, serviceLogs, setAside } from './wire/observed';
import { Wire, type FoundRecord } from './wire/wire';

/**
 * What an intruder on Kafka can do: write to every topic that a service hears. analytics hears none; it counts from
 * the database alone.
 */
describe('forged messages', () => {
  jest.setTimeout(90_000);
  // Before the stage's own, which ends Kafka.
  afterAll(() => wire?.close(), 30_000);
  const stage = stageOf({ kind: 'services', env: { EASYFLOW_LOG_LEVEL: 'warn' } });
  const { test } = stage;
  let wire: Wire;
  let a: Tenant;
  let b: Tenant;
  let requests: Awaited<ReturnType<Wire['tap']>>;

  beforeAll(async () => {
    const { shape } = stage;
    wire = await Wire.open((await shape.file()).kafka ?? []);
    requests = await wire.tap(requestsTopic('flow-registry'));
    [a, b] = [await shape.createTenant({ name: 'a' }), await shape.createTenant({ name: 'b' })];
    for (const tenant of [a, b]) {
      expect((await tenant.api.apply(document('1.0.0'))).status).toBe(201);
      expect((await tenant.api.run('e2e/heard')).status).toBe(200);
    }
  }, 60_000);

  const now = () => new Date().toISOString();
  const document = (version: string) => flow('heard', [set('x', { version })], {}, version);

  /** The newest request message of the gateway that names an id. */
  const requestOf = (id: string, pattern: string): Promise<FoundRecord> =>
    requests.find(
      ({ headers, value }) => headers['pattern'] === pattern && value?.includes(id) === true,
    );

  /** Puts forged records on their topic and waits until each was refused for its reason; says how many. */
  async function expectRefused(heardBy: string, forged: readonly Forgery[]): Promise<number> {
    const expected = new Map<string, string>();
    for (const { what, record, code } of forged) {
      expected.set(await wire.put(record), `${what}: ${code}`);
    }
    const missing = async () => {
      const refused = await refusals(stage.shape, heardBy);
      return [...expected].filter(([place, text]) => !text.endsWith(`: ${refused.get(place)}`));
    };
    await waitFor(async () => (await missing()).length === 0, {
      describe: async () => `each to be refused; not so ${JSON.stringify(await missing())}`,
    });
    return expected.size;
  }

  /** Each tenant's executions go on, through hint, result and reply. */
  async function expectServed(): Promise<void> {
    for (const tenant of [a, b]) {
      const answer = await tenant.api.run('e2e/heard');
      expect([answer.status, answer.body.status]).toEqual([200, 'completed']);
    }
  }

  /** The database when nothing is on its way any more. */
  async function atRest(): Promise<Record<string, string>> {
    const { shape } = stage;
    for (const tenant of [a, b]) await untilDone(shape, tenant);
    await waitFor(async () => (await shape.count('SELECT count(*) FROM outbox')) === 0, {
      describe: 'the outbox to be empty',
    });
    const uncounted = () =>
      shape.count(
        `SELECT count(*) FROM executions e WHERE status = 'completed' AND NOT EXISTS (
           SELECT FROM usage_hourly u WHERE u.tenant_id = e.tenant_id AND u.flow_name = e.flow_name
             AND u.executions = (SELECT count(*) FROM executions o WHERE o.tenant_id = e.tenant_id
               AND o.flow_name = e.flow_name AND o.status = 'completed'))`,
      );
    await waitFor(async () => (await uncounted()) === 0, { describe: 'usage to be counted' });
    return everything(shape);
  }

  const channels: [string, () => Promise<Channel>][] = [
    [
      'hint',
      async () => ({
        type: 'hint',
        pattern: 'hint',
        topic: tenantEventsTopic(a.id),
        sender: 'gateway',
        heardBy: 'executor',
        tenantId: a.id,
        value: '{}',
      }),
    ],
    [
      // Nobody handles these yet; with the pattern of a hint they are read all the same.
      'lifecycle',
      async () => {
        const event = { specversion: '1.0', id: newId(), source: '/', type: 't', time: now() };
        return {
          type: 'lifecycle',
          pattern: 'hint',
          topic: tenantEventsTopic(a.id),
          sender: 'executor',
          heardBy: 'executor',
          tenantId: a.id,
          value: JSON.stringify([{ ...event, tenantid: a.id }]),
          foreign: JSON.stringify([{ ...event, tenantid: b.id }]),
        };
      },
    ],
    [
      'execution.ended',
      async () => ({
        type: 'execution.ended',
        pattern: 'execution.ended',
        topic: repliesTopic('gateway', '0'),
        sender: 'executor',
        heardBy: 'gateway',
        tenantId: null,
        value: JSON.stringify({ pairs: [{ tenantId: b.id, id: newId() }] }),
      }),
    ],
    [
      'flow.activated',
      async () => {
        const value = { tenantId: a.id, namespace: 'e2e', name: 'heard', version: '1.0.0' };
        return {
          type: 'flow.activated',
          pattern: 'flow.activated',
          topic: NOTICES_TOPIC,
          sender: 'flow-registry',
          heardBy: 'gateway',
          tenantId: a.id,
          value: JSON.stringify(value),
          foreign: JSON.stringify({ ...value, tenantId: b.id }),
        };
      },
    ],
    [
      'tenant.created',
      async () => ({
        type: 'tenant.created',
        pattern: 'tenant.created',
        topic: NOTICES_TOPIC,
        sender: 'gateway',
        heardBy: 'executor',
        tenantId: a.id,
        value: JSON.stringify({ tenantId: a.id }),
        foreign: JSON.stringify({ tenantId: b.id }),
      }),
    ],
    [
      'request',
      async () => {
        const { value } = await requestOf(a.id, 'flow.apply');
        const request = JSON.parse(value ?? '') as Record<string, unknown>;
        return {
          type: 'request',
          pattern: 'flow.apply',
          topic: requestsTopic('flow-registry'),
          sender: 'gateway',
          heardBy: 'flow-registry',
          tenantId: a.id,
          value: value ?? '',
          foreign: JSON.stringify({ ...request, tenantId: b.id }),
        };
      },
    ],
  ];

  describe('on every topic that is heard', () => {
    let before: Record<string, string>;
    beforeAll(async () => {
      before = await atRest();
    }, 60_000);

    for (const [type, channelOf] of channels)
      test(`${type}: what is forged is refused and logged, and changes nothing`, async () => {
        const { shape } = stage;
        const channel = await channelOf();
        const sender = await identityOf(shape, channel.sender);
        const forged = forgeries(channel, sender, await identityOf(shape, 'analytics'), b.id);
        const half = forged.length / 2;
        await expectRefused(channel.heardBy, forged.slice(0, half));
        // The control: the same message from its sender between those that are forged. A request is genuine once.
        const good = channel.type === 'request' ? [] : [await wire.put(genuine(channel, sender))];
        await expectRefused(channel.heardBy, forged.slice(half));
        const refused = await refusals(shape, channel.heardBy);
        expect(good.filter((place) => refused.has(place))).toEqual([]);
        expect(await everything(shape)).toEqual(before);
        expect(await serviceLogs(shape)).not.toContain(CANARY);
      });

    test('then each tenant is served as before', expectServed);
  });

  test('what a sender signs and its type does not allow is set aside, and its text is not logged', async () => {
    const { shape } = stage;
    const letters = await wire.tap(tenantDeadLetterTopic(a.id));
    const before = await atRest();
    const places: string[] = [];
    for (const [type, value] of [
      ['hint', JSON.stringify({ [CANARY]: true })],
      ['execution.ended', CANARY],
    ]) {
      const channel = await new Map(channels).get(type ?? '')?.();
      if (!channel || value === undefined) throw new Error('no channel');
      const sender = await identityOf(shape, channel.sender);
      places.push(await wire.put(genuine({ ...channel, value }, sender)));
    }
    await waitFor(
      async () => {
        const aside = await setAside(shape);
        return places.every((place) => aside.has(place));
      },
      { describe: 'both to be set aside' },
    );
    expect(await serviceLogs(shape)).not.toContain(CANARY);
    const letter = await letters.find(({ value }) => value?.includes(CANARY) === true);
    expect(letter.headers['dead-letter-reason']).toBe('message.invalid');
    expect(await everything(shape)).toEqual(before);
    await expectServed();
  });

  test('message_replay: a request does not happen again, nor after the registry has started anew', async () => {
    const { shape } = stage;
    const activate = (version: string) =>
      a.api.post(`/v1/flows/e2e/heard/versions/${version}/activate`);
    const active = async () => (await a.api.get('/v1/flows/e2e/heard')).body.version;
    expect((await a.api.apply(document('2.0.0'))).status).toBe(201);
    expect((await activate('1.0.0')).status).toBe(200);
    const first = await requestOf(a.id, 'flow.activate');
    expect((await activate('2.0.0')).status).toBe(200);
    const before = await atRest();

    const replayed = await wire.put(first);
    await waitFor(async () => (await refusals(shape, 'flow-registry')).get(replayed), {
      describe: 'the replay to be refused',
    });
    expect((await refusals(shape, 'flow-registry')).get(replayed)).toBe('envelope.replayed');

    // A registry that has forgotten the message: the delegation in it has been used.
    await shape.killAndAwaitRestart(await shape.process('flow-registry'));
    await wire.put(first);
    // Heard after it on the same partition.
    const later = await waitFor(
      async () => {
        const answer = await a.api.post('/v1/flows/e2e/heard/versions/9.9.9/activate');
        return answer.status === 404 && answer;
      },
      { describe: 'the registry to answer again' },
    );
    expect(later.body.code).toBe('flow.version_unknown');
    expect(await active()).toBe('2.0.0');
    // The requests themselves are stored, the late one too.
    expect({ ...(await everything(shape)), requests: '' }).toEqual({ ...before, requests: '' });
    await expectServed();
  });

  test('a forged reply does not end a request', async () => {
    const { shape } = stage;
    const registry = await shape.process('flow-registry');
    await signal(registry.pid, 'SIGSTOP');
    const answer = b.api.apply(document('2.0.0'));
    const { id: requestId } = await waitFor(
      async () =>
        (
          await shape.sql<{ id: string }>(
            'SELECT id FROM requests WHERE tenant_id = $1 AND reply IS NULL',
            [b.id],
          )
        )[0],
      { describe: 'the request to be stored' },
    );
    await requestOf(requestId, 'flow.apply');
    const channel: Channel = {
      type: 'reply',
      pattern: 'reply',
      topic: repliesTopic('gateway', '0'),
      sender: 'flow-registry',
      heardBy: 'gateway',
      // Nothing in a reply names a tenant.
      tenantId: null,
      value: JSON.stringify({ requestId, outcome: 'failed' }),
    };
    const sender = await identityOf(shape, 'flow-registry');
    const forged = forgeries(channel, sender, await identityOf(shape, 'gateway'), a.id);
    const refused = await expectRefused(
      'gateway',
      forged.map(({ record, ...rest }) => ({
        ...rest,
        record: { ...record, headers: { ...record.headers, 'correlation-id': requestId } },
      })),
    );
    expect(refused).toBe(forged.length);
    await signal(registry.pid, 'SIGCONT');
    expect((await answer).status).toBe(201);
    await expectServed();
  });
});
