import { OperationalError } from '@easyflow/kernel-errors';
import { withLogContext } from './log-context';
import { logger } from './logger';
import { withTraceparent } from './trace-context';

function capture() {
  const lines: string[] = [];
  const log = logger('gateway', {
    level: 'debug',
    destination: { write: (line: string) => void lines.push(line) },
  });
  const last = (): Record<string, unknown> =>
    JSON.parse(lines.at(-1) ?? '{}') as Record<string, unknown>;
  return { log, last, lines };
}

describe('logger', () => {
  it('writes a JSON line with the service, the level and the time', () => {
    const { log, last } = capture();
    log.info({ count: 3 }, 'done');
    expect(last()).toMatchObject({ level: 'info', service: 'gateway', count: 3, message: 'done' });
    expect(Date.parse(String(last()['time']))).not.toBeNaN();
  });

  it('carries tenant, execution and trace of the unit of work', async () => {
    const { log, last } = capture();
    await withLogContext({ tenantId: 't' }, () =>
      withLogContext({ executionId: 'e' }, () =>
        withTraceparent(`00-${'ab'.repeat(16)}-${'cd'.repeat(8)}-01`, async () => {
          await Promise.resolve();
          log.info('inside');
        }),
      ),
    );
    expect(last()).toMatchObject({ tenantId: 't', executionId: 'e', traceId: 'ab'.repeat(16) });
    log.info('outside');
    expect(last()).not.toHaveProperty('tenantId');
  });

  it.each([
    ['a secret', { apiKey: 'ef_hunter2' }],
    ['a nested secret', { config: { password: 'hunter2' } }],
    ['passwords', { database: { passwords: { ef_api: 'hunter2' } } }],
    ['a payload', { execution: { input: { card: 'hunter2' } } }],
    ['a header', { headers: { authorization: 'Bearer hunter2' } }],
    ['an error with what it was called with', { error: failed() }],
  ])('does not write %s', (_what, fields) => {
    const { log, lines } = capture();
    log.warn(fields, 'careful');
    expect(lines.join()).not.toContain('hunter2');
    expect(lines).toHaveLength(1);
  });

  it('writes code, message and cause of an error', () => {
    const { log, last } = capture();
    const error = new OperationalError('database.unavailable', 'down', {
      cause: new TypeError('why'),
    });
    log.error({ error }, 'failed');
    expect(last()['error']).toMatchObject({
      type: 'OperationalError',
      code: 'database.unavailable',
      message: 'down',
      cause: { type: 'TypeError', message: 'why' },
    });
  });

  it('writes one stack a line, and ends where causes lead in a circle', () => {
    const { log, last, lines } = capture();
    const cause = new TypeError('why');
    const error = new OperationalError('database.unavailable', 'down', { cause });
    Object.assign(cause, { cause: error });
    log.warn({ err: error }, 'failed');
    expect(lines).toHaveLength(1);
    expect(lines[0]?.match(/"stack":/g)).toHaveLength(1);
    expect(last()['err']).toMatchObject({ stack: expect.stringContaining('logger.spec') });
  });
});

function failed(): Error {
  return Object.assign(new Error('query failed'), { parameters: ['hunter2'], query: 'hunter2' });
}
