/** One field of a protobuf message on the wire: a number for varint and fixed types, else its bytes. */
export interface WireField {
  field: number;
  value: bigint | Buffer;
}

const VARINT = 0;
const FIXED_64 = 1;
const BYTES = 2;
const FIXED_32 = 5;

/**
 * The fields of a message in their order: https://protobuf.dev/programming-guides/encoding/
 * @throws RangeError when the bytes are no message
 */
export function fieldsOf(message: Buffer): WireField[] {
  const fields: WireField[] = [];
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = message.readUInt8(at);
      at += 1;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  const valueOf = (type: number): bigint | Buffer => {
    switch (type) {
      case VARINT:
        return varint();
      case FIXED_64:
        at += 8;
        return message.readBigUInt64LE(at - 8);
      case FIXED_32:
        at += 4;
        return BigInt(message.readUInt32LE(at - 4));
      case BYTES: {
        const length = Number(varint());
        at += length;
        return message.subarray(at - length, at);
      }
      default:
        throw new RangeError(`No wire type ${type}`);
    }
  };
  while (at < message.length) {
    const key = Number(varint());
    fields.push({ field: key >> 3, value: valueOf(key & 7) });
  }
  return fields;
}

/** The text of a string field. */
export function textOf({ value }: WireField): string {
  return Buffer.isBuffer(value) ? value.toString('utf8') : String(value);
}
