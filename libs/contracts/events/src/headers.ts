/** Names of the record headers that travel with every message. Header values are text. */
export const MESSAGE_HEADERS = {
  /** NestJS message pattern: which handler of the receiving service is meant. */
  pattern: 'pattern',
  /** Ties a reply to its request. */
  correlationId: 'correlation-id',
  /** Topic on which the sender waits for the reply; absent on events. */
  replyTo: 'reply-to',
  /** W3C Trace Context, level 1: https://www.w3.org/TR/trace-context/ */
  traceparent: 'traceparent',
  /** The signed claims, base64url of their JSON text. */
  envelope: 'envelope',
  /** Ed25519 signature over the text of the `envelope` header, base64url. */
  signature: 'envelope-signature',
} as const;
