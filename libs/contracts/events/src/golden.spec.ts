import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { MESSAGE_TYPES, maySend, messageType } from './message-types';
import { REQUEST_PATTERNS } from './request-patterns';
import { SERVICE_NAMES } from './service-names';
import {
  repliesTopic,
  requestsTopic,
  tenantDeadLetterTopic,
  tenantEventsTopic,
  tenantOfEventsTopic,
} from './topics';

const folder = path.join(__dirname, 'golden');
const examples = readdirSync(folder);
const read = (file: string): unknown => JSON.parse(readFileSync(path.join(folder, file), 'utf8'));

/** `reply.unavailable.v1.json` is an example of the type `reply`: the longest type its name begins with. */
function typeOf(file: string): string {
  const type = Object.keys(MESSAGE_TYPES)
    .filter((name) => file.startsWith(`${name}.`))
    .sort((a, b) => b.length - a.length)[0];
  if (type === undefined) throw new Error(`${file} is an example of no message type`);
  return type;
}

/** Examples are never changed: what was once sent must be understood for as long as it may lie on a topic. */
describe('golden messages', () => {
  it.each(examples)('%s is understood as it was written', (file) => {
    expect(messageType(typeOf(file))?.schema.parse(read(file))).toEqual(read(file));
  });

  it.each(Object.keys(MESSAGE_TYPES))('there is one of type %s', (type) => {
    expect(examples.map(typeOf)).toContain(type);
  });

  it.each([
    ['hint', { input: 'a payload' }],
    ['lifecycle', []],
    ['lifecycle', [{ specversion: '1.0', id: '1', source: 's', type: 't' }]],
    ['execution.ended', { pairs: [] }],
    ['execution.ended', { pairs: [{ tenantId: 'a', id: 'b' }] }],
    ['tenant.created', { tenantId: '*' }],
    ['request', { ...(read('request.v1.json') as object), body: { a: 1 } }],
    ['reply', { ...(read('reply.v1.json') as object), output: 1 }],
  ])('a %s that carries or lacks something is refused: %j', (type, value) => {
    expect(messageType(type)?.schema.safeParse(value).success).toBe(false);
  });
});

describe('message types', () => {
  it('are sent only by the services listed', () => {
    expect(maySend('executor', 'lifecycle')).toBe(true);
    expect(maySend('gateway', 'lifecycle')).toBe(false);
    expect(SERVICE_NAMES.filter((service) => maySend(service, 'tenant.created'))).toEqual([
      'gateway',
    ]);
    expect(maySend('gateway', 'toString')).toBe(false);
    expect(messageType('constructor')).toBeUndefined();
  });

  it('that answer or are answered name services that may', () => {
    for (const service of Object.values(REQUEST_PATTERNS)) {
      expect(maySend(service, 'reply')).toBe(true);
    }
  });
});

describe('topics', () => {
  const tenant = '019abcde-0000-7000-8000-00000000000a';

  it('are named after their tenant, and lead back to it', () => {
    expect(tenantEventsTopic(tenant)).toBe(`tenant_${tenant}_events`);
    expect(tenantDeadLetterTopic(tenant)).toBe(`tenant_${tenant}_dlq`);
    expect(tenantOfEventsTopic(tenantEventsTopic(tenant))).toBe(tenant);
  });

  it.each([
    tenantDeadLetterTopic(tenant),
    `tenant_${tenant}_events_x`,
    `x_tenant_${tenant}_events`,
    'tenant_*_events',
    'easyflow.notices',
  ])('%s is no tenant’s event topic', (topic) => {
    expect(tenantOfEventsTopic(topic)).toBeUndefined();
  });

  it.each(['*', '', `${tenant}_events`, tenant.toUpperCase()])(
    'are not built from the tenant id "%s"',
    (id) => {
      expect(() => tenantEventsTopic(id)).toThrow(RangeError);
      expect(() => tenantDeadLetterTopic(id)).toThrow(RangeError);
    },
  );

  it('of control messages are named after the service, and the slot', () => {
    expect(requestsTopic('flow-registry')).toBe('easyflow.flow-registry.requests');
    expect(repliesTopic('gateway', '0')).toBe('easyflow.gateway.replies.0');
    expect(() => repliesTopic('gateway', 'a.b')).toThrow(RangeError);
  });
});
