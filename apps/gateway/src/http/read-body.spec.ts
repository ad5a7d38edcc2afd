import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { readBody } from './read-body';

const MEGABYTE = Buffer.alloc(1_048_576, 'x');

const keep = () => undefined;

function stream(chunks: number): { body: IncomingMessage; sent: () => number } {
  let sent = 0;
  const body = Readable.from(
    (function* () {
      while (sent < chunks) {
        sent += 1;
        yield MEGABYTE;
      }
    })(),
  );
  return { body: body as unknown as IncomingMessage, sent: () => sent };
}

describe('readBody', () => {
  it('reads what is not larger than the limit', async () => {
    expect(await readBody(stream(0).body, 10, keep)).toEqual(Buffer.alloc(0));
    expect(await readBody(stream(1).body, MEGABYTE.length, keep)).toBe(MEGABYTE);
    expect((await readBody(stream(3).body, 3 * MEGABYTE.length, keep)).length).toBe(
      3 * MEGABYTE.length,
    );
  });

  it('refuses a larger one after its sender is done', async () => {
    const { body, sent } = stream(10);
    await expect(readBody(body, MEGABYTE.length, keep)).rejects.toMatchObject({
      code: 'body.too_large',
      status: 413,
    });
    expect(sent()).toBe(10);
  });

  it('stops where more may not be held, and reads the rest without keeping it', async () => {
    const held: number[] = [];
    const { body, sent } = stream(5);
    const hold = (bytes: number) => {
      held.push(bytes);
      return held.length > 2 ? new Error('full') : undefined;
    };
    await expect(readBody(body, 10 * MEGABYTE.length, hold)).rejects.toThrow('full');
    await finished(body);
    expect(held).toHaveLength(3);
    expect(sent()).toBe(5);
  });

  it('does not listen for ever', async () => {
    const { body, sent } = stream(10_000);
    await expect(readBody(body, 10, keep)).rejects.toMatchObject({ code: 'body.too_large' });
    expect(sent()).toBeLessThan(100);
  });
});
