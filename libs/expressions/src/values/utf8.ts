/** The UTF-8 bytes of a text. A lone surrogate becomes U+FFFD. */
export function encodeUtf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** The text of UTF-8 bytes; what is no UTF-8 becomes U+FFFD. */
export function decodeUtf8(bytes: readonly number[]): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(Uint8Array.from(bytes));
}

/** The text of UTF-8 bytes, or undefined where they are none. */
export function decodeStrictly(bytes: readonly number[]): string | undefined {
  const text = decodeUtf8(bytes);
  // Only text that was valid comes back as the same bytes.
  const again = encodeUtf8(text);
  const same = again.length === bytes.length && again.every((byte, i) => byte === bytes[i]);
  return same ? text : undefined;
}
