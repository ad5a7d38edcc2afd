import type { Clock } from '@easyflow/kernel-time';
import type { RateLimiter } from '@easyflow/platform-limiter';
import type { Transport } from '@easyflow/platform-messaging';
import type { Logger } from '@easyflow/platform-telemetry';
import type { DatabaseAccess, EnvelopeSigner, IssuerPort } from '@easyflow/tenant-context';
import type { SchedulerSettings } from './scheduler-settings';

/** What a scheduler is made of. */
export interface SchedulerDeps {
  /** What is left out has its default. */
  readonly settings: Pick<SchedulerSettings, 'slot'> & Partial<SchedulerSettings>;
  /** Pools of `ef_claim`, `ef_scheduler` and `ef_writer`. */
  readonly database: DatabaseAccess;
  /** Connected by whoever made it. */
  readonly transport: Transport;
  readonly issuer: Pick<IssuerPort, 'registerOwner' | 'senderKeys'>;
  readonly signer: EnvelopeSigner;
  /** Counts what tenants' schedules start; without it this process counts by itself. */
  readonly starts?: RateLimiter;
  readonly logger: Logger;
  readonly clock?: Clock;
  /** Whether the slot is still this process's, where slots are leased. */
  readonly ownsSlot?: () => Promise<boolean>;
}
