import type { EcoWindow } from '@easyflow/domain-schedule';
import type { Json } from '@easyflow/engine';
import type { Clock } from '@easyflow/kernel-time';
import type { AttemptLimiter, RateLimiter } from '@easyflow/platform-limiter';
import type { Transport } from '@easyflow/platform-messaging';
import type { Logger } from '@easyflow/platform-telemetry';
import type {
  DatabaseAccess,
  EnvelopeSigner,
  IssuerPort,
  LocalDispatch,
} from '@easyflow/tenant-context';
import type { ServiceProbes } from './status/service-probes';

/** What can be set of a gateway. */
export interface GatewaySettings {
  http: {
    host: string;
    port: number;
    /** Addresses and networks of proxies whose X-Forwarded-For is believed; none when left out. */
    trustedProxies?: readonly string[];
    /** Within this time a request must have arrived. Default 30,000. */
    requestTimeoutMs?: number;
    /** Connections in all (default 10,000), and of one address that is no trusted proxy (default 1,000). */
    connections?: number;
    connectionsPerAddress?: number;
  };
  /** Names this process as receiver of replies; the process that replaces it takes the same. */
  slot: string;
  /** Largest request body. */
  bodyLimitBytes: number;
  ecoWindow: EcoWindow;
  /** How long a stopping gateway lets requests in flight finish. */
  drainMs: number;
}

/** What a gateway is made of. */
export interface GatewayDeps {
  settings: GatewaySettings;
  /** Pools of `ef_api` and `ef_writer`. */
  database: Pick<DatabaseAccess, 'tenant' | 'writer' | 'reader' | 'ping' | 'health' | 'watch'>;
  /** Connected by whoever made it. */
  transport: Transport;
  issuer: IssuerPort;
  limiter: RateLimiter;
  /** Of wrong passwords. */
  attempts: AttemptLimiter;
  signer: EnvelopeSigner;
  logger: Logger;
  clock?: Clock;
  /** Of the machine, for `/readyz`: such as room on the disk that the process writes to. */
  machine?: () => Promise<Readonly<Record<string, boolean>>>;
  /** Only in one process: executions go to the executor without a claim, and come back without a message. */
  localDispatch?: LocalDispatch<Json>;
  /** Asks the other services whether they are ready, for the status page; without it their state is not known. */
  services?: ServiceProbes;
  /** Where limits are shared, for the status page. */
  redis?: { isUp(): boolean };
}
