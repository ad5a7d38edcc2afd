import { v7 } from 'uuid';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** A new UUIDv7 (RFC 9562), lower case. Ids made in one process sort in the order they were made. */
export function newId(): string {
  return v7();
}

/** Whether the text is a UUID in lower case; only such text may reach a `uuid` parameter of a statement. */
export function isId(text: string): boolean {
  return UUID.test(text);
}

/** The time in a UUIDv7, in milliseconds since the epoch. */
export function idTime(id: string): number {
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}
