import 'reflect-metadata';
import {
  MESSAGE_HEADERS,
  NOTICES_TOPIC,
  requestsTopic,
  tenantDeadLetterTopic,
  tenantEventsTopic,
  type ControlRequest,
  type EnvelopeClaims,
  type ServiceName,
} from '@easyflow/contracts-events';
import { OperationalError, UserError } from '@easyflow/kernel-errors';
import { newId } from '@easyflow/kernel-ids';
import { MetricRecorder } from '@easyflow/testing';
import { currentTraceparent } from '@easyflow/platform-telemetry';
import { Controller, Module } from '@nestjs/common';
import type { INestMicroservice } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Ctx, EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import { lastValueFrom } from 'rxjs';
import { inspect } from 'node:util';
import { InProcessTransport } from '../in-process/in-process-transport';
import type { IncomingRecord, TransportLog } from '../transport';
import type { RecordSigner, RecordVerifier } from './record-trust';
import { RpcErrorFilter } from './rpc-error-filter';
import { TransportClient } from './transport-client';
import { TransportContext } from './transport-context';
import { TransportStrategy } from './transport-strategy';

const log: TransportLog = { debug() {}, info() {}, warn() {}, error() {} };

/** Stands in for the envelope, which has its own specs: claims in the open, `forged` where they are not true. */
function signer(sender: ServiceName): RecordSigner {
  return {
    sign: ({ topic, type, tenantId, ids }) => ({
      claims: JSON.stringify({ sender, topic, type, tenantId, ids: ids ?? [] }),
    }),
  };
}
const verifier: RecordVerifier = {
  verify: async ({ headers }) => {
    const claims = headers['claims'];
    if (!claims) throw new UserError('envelope.missing', 'no envelope');
    return JSON.parse(claims) as EnvelopeClaims;
  },
};

const seen: { what: string; payloads: unknown[]; traceparent: string | undefined }[] = [];
const note = (what: string, ...payloads: unknown[]): void => {
  seen.push({ what, payloads, traceparent: currentTraceparent() });
};

@Controller()
class Handlers {
  @MessagePattern('flow.apply')
  async apply(@Payload() request: ControlRequest): Promise<void> {
    note('apply', request);
    await Promise.resolve();
  }

  @MessagePattern('flow.activate')
  activate(@Payload() request: ControlRequest): void {
    if (request.delegation === 'down') {
      throw new OperationalError('database.unavailable', 'down', { retryAfterSeconds: 3 });
    }
    throw new TypeError('a bug');
  }

  @EventPattern('hint', undefined, { batch: true })
  hint(@Payload() hints: unknown[], @Ctx() context: TransportContext): void {
    note('hint', ...hints);
    if (context.records.some(({ record }) => record.key === 'poison'))
      throw new TypeError('poison');
  }

  @EventPattern('tenant.created')
  tenantCreated(@Payload() notice: unknown): void {
    note('tenant.created', notice);
  }
}

@Module({ controllers: [Handlers] })
class HandlersModule {}

describe('the Nest transport', () => {
  const tenantId = newId();
  const traceparent = `00-${'ab'.repeat(16)}-${'cd'.repeat(8)}-00`;
  let transport: InProcessTransport;
  let service: INestMicroservice;
  let client: TransportClient;
  let recorder: MetricRecorder;

  const request = (delegation = 'd') => ({
    requestId: newId(),
    tenantId,
    delegation,
    payloadHash: 'a'.repeat(64),
  });
  const find = async (what: string) => {
    for (let turn = 0; turn < 100; turn += 1) {
      const found = seen.find((each) => each.what === what);
      if (found) return found;
      await new Promise((resolve) => setImmediate(resolve));
    }
    throw new Error(`${what} did not arrive`);
  };

  beforeAll(async () => (recorder = await MetricRecorder.start()));
  afterAll(() => recorder.stop());

  beforeEach(async () => {
    seen.length = 0;
    transport = new InProcessTransport({ log });
    await transport.connect();
    await transport.ensureTopics([tenantEventsTopic(tenantId)]);
    service = await NestFactory.createMicroservice(HandlersModule, {
      logger: false,
      strategy: new TransportStrategy({
        transport,
        service: 'flow-registry',
        signer: signer('flow-registry'),
        verifier,
        log,
        requests: true,
        notices: true,
        tenants: { group: 'flow-registry.hints' },
      }),
    });
    service.useGlobalFilters(new RpcErrorFilter());
    await service.listen();
    client = new TransportClient({
      transport,
      service: 'gateway',
      slot: '0',
      signer: signer('gateway'),
      verifier,
      log,
      timeoutMs: 300,
    });
    await client.connect();
  });

  afterEach(async () => {
    await client.close();
    await service.close();
    await transport.close();
  });

  it('answers a request when its handler is done', async () => {
    const data = request();
    const reply = await lastValueFrom(client.send('flow.apply', data));
    expect(reply).toEqual({ requestId: data.requestId, outcome: 'stored' });
    expect(seen[0]?.payloads).toEqual([{ ...data, pattern: 'flow.apply' }]);
  });

  it('tells a failure that may pass from one that does not', async () => {
    await expect(
      lastValueFrom(client.send('flow.activate', request('down'))),
    ).rejects.toMatchObject({
      code: 'service.unavailable',
      retryable: true,
      retryAfterSeconds: 3,
    });
    await expect(lastValueFrom(client.send('flow.activate', request()))).rejects.toMatchObject({
      code: 'service.failed',
      retryable: false,
    });
  });

  it('stops waiting for a reply that does not come', async () => {
    await service.close();
    await expect(lastValueFrom(client.send('flow.apply', request()))).rejects.toMatchObject({
      code: 'service.timeout',
      retryable: true,
    });
  });

  it('fails at once when the transport is down', async () => {
    await transport.close();
    await expect(lastValueFrom(client.send('flow.apply', request()))).rejects.toMatchObject({
      code: 'transport.unavailable',
    });
  });

  it('does not hand a request to another handler than the one that was signed', async () => {
    const forward = transport.send.bind(transport);
    jest
      .spyOn(transport, 'send')
      .mockImplementation((records) =>
        forward(
          records.map((record) =>
            record.topic === requestsTopic('flow-registry')
              ? { ...record, headers: { ...record.headers, pattern: 'flow.activate' } }
              : record,
          ),
        ),
      );
    await expect(lastValueFrom(client.send('flow.apply', request()))).rejects.toMatchObject({
      code: 'service.timeout',
    });
    expect(seen).toEqual([]);
  });

  it("replies only on a topic of the request's sender", async () => {
    const foreign: IncomingRecord[] = [];
    await transport.subscribe({
      group: 'watch',
      topics: ['easyflow.analytics.replies.0'],
      onBatch: async (records) => void foreign.push(...records),
    });
    const forward = transport.send.bind(transport);
    jest.spyOn(transport, 'send').mockImplementation((records) =>
      forward(
        records.map((record) => ({
          ...record,
          headers: {
            ...record.headers,
            [MESSAGE_HEADERS.replyTo]: 'easyflow.analytics.replies.0',
          },
        })),
      ),
    );
    await expect(lastValueFrom(client.send('flow.apply', request()))).rejects.toMatchObject({
      code: 'service.timeout',
    });
    expect(await find('apply')).toBeDefined();
    expect(foreign).toEqual([]);
  });

  it('broadcasts a notice to its handler', async () => {
    await lastValueFrom(client.emit('tenant.created', { tenantId }), { defaultValue: undefined });
    expect((await find('tenant.created')).payloads).toEqual([{ tenantId }]);
  });

  it('hands a batch of events over at once, inside the trace of the first', async () => {
    const topic = tenantEventsTopic(tenantId);
    const headers = {
      ...signer('gateway').sign({ topic, type: 'hint', tenantId, value: '{}' }),
      traceparent,
    };
    await transport.send([
      { topic, headers, value: '{}' },
      { topic, headers, value: '{}' },
    ]);
    expect(await find('hint')).toEqual({ what: 'hint', payloads: [{}, {}], traceparent });
  });

  it('refuses what has no envelope, sets aside what a handler cannot take, and counts both', async () => {
    const before = await recorder.values('easyflow.message.refused');
    const topic = tenantEventsTopic(tenantId);
    const dead: IncomingRecord[] = [];
    await transport.subscribe({
      group: 'dead',
      topics: [tenantDeadLetterTopic(tenantId)],
      onBatch: async (records) => void dead.push(...records),
    });
    const headers = signer('gateway').sign({ topic, type: 'hint', tenantId, value: '{}' });
    await transport.send([
      { topic, headers: {}, value: '{}' },
      { topic, key: 'poison', headers, value: '{}' },
      { topic, headers, value: '{}' },
    ]);
    for (let turn = 0; turn < 100 && dead.length === 0; turn += 1) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(dead.map(({ key }) => key)).toEqual(['poison']);
    expect(seen.at(-1)).toMatchObject({ what: 'hint', payloads: [{}] });
    expect(await recorder.values('easyflow.message.refused')).toEqual({
      ...before,
      // With the batch, which fails, and alone.
      'envelope.missing': (before['envelope.missing'] ?? 0) + 2,
    });
    expect(await recorder.values('easyflow.message.dead_lettered')).toEqual({ TypeError: 1 });
  });

  it('sets aside what is no JSON, and quotes nothing of it in the log', async () => {
    const topic = tenantEventsTopic(tenantId);
    const dead: IncomingRecord[] = [];
    await transport.subscribe({
      group: 'dead',
      topics: [tenantDeadLetterTopic(tenantId)],
      onBatch: async (records) => void dead.push(...records),
    });
    const logged = jest.spyOn(log, 'error');
    const headers = signer('gateway').sign({ topic, type: 'hint', tenantId, value: '' });
    await transport.send([{ topic, headers, value: 'secret' }]);
    for (let turn = 0; turn < 100 && dead.length === 0; turn += 1) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(dead.map((record) => record.headers['dead-letter-reason'])).toEqual(['message.invalid']);
    expect(logged).toHaveBeenCalled();
    expect(inspect(logged.mock.calls, { depth: 9 })).not.toContain('secret');
    logged.mockRestore();
  });

  it('ignores a notice that no handler is for', async () => {
    const headers = signer('flow-registry').sign({
      topic: NOTICES_TOPIC,
      type: 'flow.activated',
      tenantId,
      value: '',
    });
    const value = JSON.stringify({ tenantId, namespace: 'n', name: 'f', version: '1.0.0' });
    await transport.send([{ topic: NOTICES_TOPIC, headers, value }]);
    await lastValueFrom(client.emit('tenant.created', { tenantId }), { defaultValue: undefined });
    await find('tenant.created');
    expect(seen).toHaveLength(1);
  });
});
