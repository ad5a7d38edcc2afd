import type { Clock } from '@easyflow/kernel-time';
import type { Logger } from '@easyflow/platform-telemetry';
import type { DatabaseAccess, IssuerPort } from '@easyflow/tenant-context';

/** What can be set of analytics. Durations in milliseconds. */
export interface AnalyticsSettings {
  /** Slot of its lease owner: reused by the process that replaces this one. */
  slot: string;
  /** US dollars an execution as decimal texts, by mode. */
  prices: Readonly<Record<string, string>>;
  /** Shortest and longest pause between two passes; 1 s and 4 s when left out. */
  pause?: { minMs: number; maxMs: number };
  /** Between two looks for tenants whose idempotency keys are to be swept; 60 s when left out. */
  sweepPollMs?: number;
  /** Where it answers health questions; without it nowhere (one process). */
  http?: { host: string; port: number };
}

/** What analytics is made of. It needs no transport: usage is metered from the database alone. */
export interface AnalyticsDeps {
  settings: AnalyticsSettings;
  /** Pools of `ef_claim` and `ef_analytics`. */
  database: Pick<DatabaseAccess, 'tenant' | 'claims' | 'checks' | 'watch'>;
  issuer: Pick<IssuerPort, 'registerOwner'>;
  logger: Logger;
  clock?: Clock;
  /** Whether the slot is still this process's, where slots are leased. */
  ownsSlot?: () => Promise<boolean>;
}
