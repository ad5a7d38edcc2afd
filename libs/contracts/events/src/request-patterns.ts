import type { ServiceName } from './service-names';

/** Control requests by NestJS message pattern, and the service that answers each. */
export const REQUEST_PATTERNS = {
  'flow.apply': 'flow-registry',
  'flow.activate': 'flow-registry',
  'usage.read': 'analytics',
} as const satisfies Record<string, ServiceName>;

export type RequestPattern = keyof typeof REQUEST_PATTERNS;
