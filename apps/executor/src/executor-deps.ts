import type { Clock } from '@easyflow/kernel-time';
import type { HttpCaller } from '@easyflow/platform-http';
import type { RateLimiter } from '@easyflow/platform-limiter';
import type { Transport } from '@easyflow/platform-messaging';
import type { Logger } from '@easyflow/platform-telemetry';
import type { DatabaseAccess, EnvelopeSigner, IssuerPort } from '@easyflow/tenant-context';
import type { ExecutorSettings } from './executor-settings';

/** What an executor is made of. */
export interface ExecutorDeps {
  /** What is left out has its default. */
  readonly settings: Pick<ExecutorSettings, 'slot'> & Partial<ExecutorSettings>;
  /** Pools of `ef_claim`, `ef_worker` and `ef_writer`. */
  readonly database: DatabaseAccess;
  /** Connected by whoever made it. */
  readonly transport: Transport;
  readonly issuer: Pick<IssuerPort, 'registerOwner' | 'senderKeys'>;
  readonly signer: EnvelopeSigner;
  /** Performs outgoing calls under an egress policy; closed by whoever made it. */
  readonly caller: Pick<HttpCaller, 'perform'>;
  /** Counts the sub-flows that tenants start; without it this process counts by itself. */
  readonly starts?: RateLimiter;
  readonly logger: Logger;
  readonly clock?: Clock;
  /** Whether the slot is still this process's, where slots are leased. */
  readonly ownsSlot?: () => Promise<boolean>;
}
