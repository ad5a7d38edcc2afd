import { newId } from '@easyflow/kernel-ids';
import { OtlpReceiver, testServers, waitFor, type ReceivedSpan } from '@easyflow/testing';
import { spawn, type ChildProcess } from 'node:child_process';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { request } from 'undici';

jest.setTimeout(90_000);

const ROOT = path.join(__dirname, '../../../..');
const REGISTER = path.join(ROOT, 'libs/platform/telemetry/dist/register.js');
const PROGRAM = path.join(__dirname, '../dist/testing/traced-program.js');

/** Over the built program: jest loads modules in its own way, past the hooks of instrumentation. */
describe('a trace', () => {
  let receiver: OtlpReceiver;
  let target: Server;
  let program: ChildProcess | undefined;
  const calls = new Map<string, IncomingHttpHeaders>();

  const run = (environment: Record<string, string>): { output: () => string } => {
    const targetUrl = `http://127.0.0.1:${(target.address() as AddressInfo).port}`;
    const args = ['--import', REGISTER, PROGRAM, testServers().kafkaBrokers.join(), newId()];
    let output = '';
    program = spawn(process.execPath, [...args, targetUrl], {
      env: { ...process.env, NODE_OPTIONS: '', ...environment },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    program.stdout?.on('data', (data: Buffer) => (output += data.toString()));
    return { output: () => output };
  };

  beforeAll(async () => {
    receiver = await OtlpReceiver.start();
    target = createServer((incoming, response) => {
      calls.set(incoming.url ?? '', incoming.headers);
      response.end('{}');
    });
    await new Promise<void>((resolve) => target.listen(0, '127.0.0.1', resolve));
  });

  afterEach(async () => {
    calls.clear();
    if (program?.exitCode !== null) return;
    const exited = new Promise((resolve) => program?.once('exit', resolve));
    program.kill('SIGKILL');
    await exited;
  });

  afterAll(async () => {
    await receiver.close();
    await new Promise((resolve) => target.close(resolve));
  });

  it('follows a request over Kafka to the call that it causes', async () => {
    const { output } = run({
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint,
      OTEL_SERVICE_NAME: 'traced',
    });
    const port = await waitFor(() => /^\d+/.exec(output())?.[0], { describe: 'the program' });
    const traceId = 'ab'.repeat(16);
    await (
      await request(`http://127.0.0.1:${port}/run`, {
        headers: { traceparent: `00-${traceId}-${'cd'.repeat(8)}-01` },
      })
    ).body.dump();
    await waitFor(() => output().includes('done'), { describe: 'the program to be done' });

    const spans = receiver.trace(traceId);
    const named = (pattern: RegExp): ReceivedSpan => {
      const found = spans.find(({ name }) => pattern.test(name));
      if (!found) throw new Error(`${String(pattern)} is not among ${JSON.stringify(spans)}`);
      return found;
    };
    const chain = [named(/^GET$/), named(/^send/), named(/^receive/), named(/^execute/)];
    const server = spans.find(({ kind }) => kind === 2);
    const client = spans.find(({ kind }) => kind === 3);
    expect(server?.parentSpanId).toBe('cd'.repeat(8));
    expect(named(/^send/)).toMatchObject({ kind: 4, parentSpanId: server?.spanId });
    expect(named(/^receive/)).toMatchObject({ kind: 5, parentSpanId: named(/^send/).spanId });
    expect(named(/^execute/).parentSpanId).toBe(named(/^receive/).spanId);
    expect(client?.parentSpanId).toBe(named(/^execute/).spanId);
    expect(client?.attributes['url.full']).toMatch(/\/plain$/);
    expect(JSON.stringify(spans)).not.toContain('secret');
    expect(chain.every(({ service }) => service === 'traced')).toBe(true);

    expect(calls.get('/plain?secret=1')?.['traceparent']).toBe(
      `00-${traceId}-${client?.spanId}-01`,
    );
    // A trace that a flow sets itself goes out as it is.
    expect(calls.get('/own')?.['traceparent']).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/);
    expect(calls.get('/own')?.['traceparent']).not.toContain(traceId);
    expect(receiver.metrics.get('easyflow.message.sent')).toEqual(
      new Set(['easyflow.message.type']),
    );
    const calling = receiver.metrics.get('http.client.request.duration');
    expect(calling).toContain('http.request.method');
    // The flows of tenants choose it.
    expect(calling).not.toContain('server.address');
  });

  it('costs and sends nothing without an endpoint', async () => {
    const before = receiver.spans.length;
    const { output } = run({ OTEL_EXPORTER_OTLP_ENDPOINT: '' });
    const port = await waitFor(() => /^\d+/.exec(output())?.[0], { describe: 'the program' });
    await (await request(`http://127.0.0.1:${port}/run`)).body.dump();
    await waitFor(() => output().includes('done'), { describe: 'the program to be done' });
    expect(receiver.spans).toHaveLength(before);
    expect(calls.get('/plain?secret=1')?.['traceparent']).toBeUndefined();
  });
});
