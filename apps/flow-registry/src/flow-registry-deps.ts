import type { Clock } from '@easyflow/kernel-time';
import type { Transport } from '@easyflow/platform-messaging';
import type { Logger } from '@easyflow/platform-telemetry';
import type { DatabaseAccess, EnvelopeSigner, IssuerPort } from '@easyflow/tenant-context';

/** What can be set of a flow registry. */
export interface FlowRegistrySettings {
  slot: string;
  /** Where it answers health questions; without it nowhere (one process). */
  http?: { host: string; port: number };
}

/** What a flow registry is made of. */
export interface FlowRegistryDeps {
  settings: FlowRegistrySettings;
  /** Pool of `ef_registry`. */
  database: Pick<DatabaseAccess, 'tenant' | 'checks' | 'watch'>;
  /** Connected by whoever made it. */
  transport: Transport;
  issuer: Pick<IssuerPort, 'exchange' | 'senderKeys'>;
  signer: EnvelopeSigner;
  logger: Logger;
  clock?: Clock;
}
