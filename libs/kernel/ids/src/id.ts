import { createHash, randomFillSync } from 'node:crypto';
import { v7 } from 'uuid';

/** What one id takes. */
const RANDOM_BYTES = 16;
/** Drawn 256 ids at a time: a call of the generator an id was 5 % of the gateway's CPU. */
const pool = Buffer.alloc(256 * RANDOM_BYTES);
let drawn = pool.length;
/** The time of the last id, and the counter of ids in it (RFC 9562, section 6.2, method 1). */
let milliseconds = 0;
let counter = 0;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** A new UUIDv7 (RFC 9562), lower case. Ids made in one process sort in the order they were made. */
export function newId(): string {
  const random = draw();
  const now = Date.now();
  if (now > milliseconds) {
    milliseconds = now;
    // 31 bits of bytes that the id does not use otherwise: the counter begins anywhere and has room.
    counter = random.readUInt32BE(6) >>> 1;
  } else {
    counter += 1;
    if (counter > 0xffffffff) {
      counter = 0;
      milliseconds += 1;
    }
  }
  return v7({ random, msecs: milliseconds, seq: counter });
}

/** The same UUIDv7 for the same time (milliseconds since the epoch) and text: who names something again gives it no second name. */
export function derivedId(time: number, text: string): string {
  return v7({ random: createHash('sha256').update(text).digest().subarray(0, 16), msecs: time });
}

function draw(): Buffer {
  if (drawn === pool.length) {
    randomFillSync(pool);
    drawn = 0;
  }
  drawn += RANDOM_BYTES;
  return pool.subarray(drawn - RANDOM_BYTES, drawn);
}

/** Whether the text is a UUID in lower case; only such text may reach a `uuid` parameter of a statement. */
export function isId(text: string): boolean {
  return UUID.test(text);
}

/** The time in a UUIDv7, in milliseconds since the epoch. */
export function idTime(id: string): number {
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}
