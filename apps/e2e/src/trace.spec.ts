import { randomBytes } from 'node:crypto';
import { OtlpReceiver, waitFor, type ReceivedSpan } from '@easyflow/testing';
import { callHttp, flow } from './flows';
import { stageOf } from './shape/stage';

const SERVER = 2;
const CLIENT = 3;
const PRODUCER = 4;
const CONSUMER = 5;

/** One trace follows an execution from the request through Kafka and SQL to the call it makes. */
describe('traces', () => {
  jest.setTimeout(60_000);
  let receiver: OtlpReceiver;
  const stage = stageOf(async () => {
    receiver = await OtlpReceiver.start();
    return {
      kind: 'services',
      env: {
        OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint,
        OTEL_BSP_SCHEDULE_DELAY: '500',
        EASYFLOW_LOG_LEVEL: 'warn',
      },
    };
  });
  // After the stage's own: the services tell of their ends.
  afterAll(() => receiver.close());
  const { test } = stage;

  const shown = (spans: readonly ReceivedSpan[]) =>
    spans
      .map(({ service, name, kind, scope }) => `${service} ${kind} ${name} (${scope})`)
      .join('\n');

  test('one trace has gateway, Kafka, executor, SQL and the outgoing call', async () => {
    const { api } = await stage.shape.createTenant();
    await api.apply(flow('traced', [callHttp('first', `${stage.target.url}/traced`)]));
    const traceId = randomBytes(16).toString('hex');
    const parent = `00-${traceId}-${randomBytes(8).toString('hex')}-01`;
    const answer = await api.start('e2e/traced', {}, { prefer: 'wait=20', traceparent: parent });
    expect(answer.status).toBe(200);
    const wanted: [string, (span: ReceivedSpan) => boolean][] = [
      [
        'the request at the gateway',
        ({ service, kind }) => service === 'gateway' && kind === SERVER,
      ],
      [
        'the gateway’s SQL',
        ({ service, attributes }) => service === 'gateway' && isSql(attributes),
      ],
      ['the Kafka send', ({ kind }) => kind === PRODUCER],
      ['the Kafka receive', ({ kind }) => kind === CONSUMER],
      [
        'the executor’s SQL',
        ({ service, attributes }) => service === 'executor' && isSql(attributes),
      ],
      [
        'the outgoing call',
        ({ service, kind, attributes }) =>
          service === 'executor' &&
          kind === CLIENT &&
          JSON.stringify(attributes).includes('/traced'),
      ],
    ];
    const missing = () =>
      wanted.filter(([, fits]) => !receiver.trace(traceId).some(fits)).map(([what]) => what);
    await waitFor(() => missing().length === 0, {
      timeout: 20_000,
      describe: () => `${missing().join(', ')} among\n${shown(receiver.trace(traceId))}`,
    });
    const [call] = stage.target.callsOf('/traced');
    expect(call?.headers['traceparent']).toMatch(new RegExp(`^00-${traceId}-`));
    const spans = receiver.trace(traceId);
    const ids = new Set(spans.map(({ spanId }) => spanId));
    const orphans = spans.filter(
      ({ parentSpanId }) => !ids.has(parentSpanId) && !parent.includes(parentSpanId),
    );
    expect(shown(orphans)).toBe('');
  });

  test('the traceId of a problem is that of its trace', async () => {
    const { api } = await stage.shape.createTenant();
    const { body } = await api.get('/v1/executions/01900000-0000-7000-8000-000000000000');
    await waitFor(
      () =>
        receiver
          .trace(body.traceId)
          .some(({ service, kind }) => service === 'gateway' && kind === SERVER),
      {
        timeout: 20_000,
        describe: `the gateway's span in trace ${body.traceId}`,
      },
    );
    const traceId = randomBytes(16).toString('hex');
    const headers = { traceparent: `00-${traceId}-${randomBytes(8).toString('hex')}-01` };
    expect((await api.get('/v1/flows/e2e/none', { headers })).body.traceId).toBe(traceId);
  });
});

function isSql(attributes: ReceivedSpan['attributes']): boolean {
  return attributes['db.system'] === 'postgresql' || attributes['db.system.name'] === 'postgresql';
}
