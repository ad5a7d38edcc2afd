import {
  currentTraceId,
  currentTraceparent,
  newTraceparent,
  parseTraceparent,
  withTraceparent,
} from './trace-context';
import { inSpan } from './in-span';

const traceId = '0af7651916cd43dd8448eb211c80319c';
const traceparent = `00-${traceId}-b7ad6b7169203331-01`;

describe('the trace context without an SDK', () => {
  it('restores a stored trace, also across asynchronous steps', async () => {
    await withTraceparent(traceparent, async () => {
      await new Promise((resolve) => setImmediate(resolve));
      expect(currentTraceparent()).toBe(traceparent);
      expect(currentTraceId()).toBe(traceId);
      await inSpan('work', async () => {
        expect(currentTraceId()).toBe(traceId);
      });
    });
    expect(currentTraceparent()).toBeUndefined();
  });

  it('does not leak the caller’s trace into work that has none', () => {
    withTraceparent(traceparent, () => {
      withTraceparent(undefined, () => expect(currentTraceId()).toBeUndefined());
      withTraceparent('rubbish', () => expect(currentTraceId()).toBeUndefined());
      expect(currentTraceId()).toBe(traceId);
    });
  });

  it.each([
    ['another version', `01-${traceId}-b7ad6b7169203331-01`],
    ['no trace id', `00-${'0'.repeat(32)}-b7ad6b7169203331-01`],
    ['no span id', `00-${traceId}-${'0'.repeat(16)}-01`],
    ['upper case', traceparent.toUpperCase()],
    ['more behind it', `${traceparent}-x`],
  ])('refuses a header with %s', (_what, header) => {
    expect(parseTraceparent(header)).toBeUndefined();
  });

  it('begins traces that differ and are not sampled', () => {
    const [one, two] = [newTraceparent(), newTraceparent()];
    expect(parseTraceparent(one)?.traceFlags).toBe(0);
    expect(parseTraceparent(one)?.traceId).not.toBe(parseTraceparent(two)?.traceId);
  });

  it('passes results and errors of a span on', async () => {
    await expect(inSpan('work', async () => 7)).resolves.toBe(7);
    await expect(inSpan('work', () => Promise.reject(new RangeError('no')))).rejects.toThrow('no');
  });
});
