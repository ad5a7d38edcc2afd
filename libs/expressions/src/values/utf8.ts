/** The UTF-8 bytes of a text. A lone surrogate becomes U+FFFD. */
export function encodeUtf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** The text of UTF-8 bytes. What is no UTF-8 becomes U+FFFD, or undefined where `strict`. */
export function decodeUtf8(bytes: readonly number[], strict: boolean): string | undefined {
  const decoder = new TextDecoder('utf-8', { fatal: strict, ignoreBOM: true });
  if (!strict) return decoder.decode(Uint8Array.from(bytes));
  try {
    return decoder.decode(Uint8Array.from(bytes));
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}
