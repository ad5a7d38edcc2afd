import type { ServiceName } from '@easyflow/contracts-events';
import { readConfig, type ConfigOf } from '@easyflow/platform-config';
import { KafkaTransport } from '@easyflow/platform-kafka';
import type { Transport } from '@easyflow/platform-messaging';
import { logger as createLogger, watchLoop, type Logger } from '@easyflow/platform-telemetry';
import {
  DatabaseAccess,
  EnvelopeSigner,
  HttpIssuer,
  readWorkloadIdentity,
  type IssuerPort,
} from '@easyflow/tenant-context';
import { runProcess, type Closable } from './run-process';
import { SlotLease } from './slot-lease';

/** The issuer is asked over HTTP and sends no messages; it has a start of its own. */
type MessagingService = Exclude<ServiceName, 'issuer'>;

/** What a service of the cluster is given: everything that depends on its environment. */
export interface ServiceRuntime<S extends MessagingService> {
  readonly config: ConfigOf[S];
  /** Pools of this service's own roles only. */
  readonly database: DatabaseAccess;
  readonly issuer: IssuerPort;
  readonly signer: EnvelopeSigner;
  /** Whether the slot is still this process's; without it nobody else can be given it. */
  readonly ownsSlot?: () => Promise<boolean>;
  readonly logger: Logger;
  /** Connects to Kafka: now, or in the background when it is down. */
  readonly transport: () => Promise<Transport>;
  /** Closed after the service, in the reverse order of these calls. */
  readonly keep: <T extends Closable>(part: T) => T;
}

/**
 * Runs one service until SIGTERM or SIGINT. It starts also while the database, Kafka or the issuer is down:
 * readiness tells, and each comes back by itself.
 */
export async function runService<S extends MessagingService>(
  service: S,
  start: (runtime: ServiceRuntime<S>) => Promise<Closable & { url?: string }>,
): Promise<void> {
  await runProcess(service, async (keep) => {
    const config: ConfigOf[MessagingService] = readConfig(service);
    const logger = createLogger(service, { level: config.logLevel });
    const unwatch = watchLoop();
    keep({ close: () => Promise.resolve(unwatch()) });
    const identity = await readWorkloadIdentity(service, config.identityKeyFile);
    const database = keep(await DatabaseAccess.connect(config.database));
    const clock = await database.watch(logger);
    const issuer = keep(new HttpIssuer({ url: config.issuerUrl, identity, clock }));
    const lease = await leaseOf(config, issuer, logger, keep);
    const running = await start({
      // readConfig answers the configuration of the service it was asked for.
      config: { ...config, slot: lease?.slot ?? config.slot } as ConfigOf[S],
      database,
      issuer,
      signer: new EnvelopeSigner({ ...identity, clock }),
      logger,
      ...(lease ? { ownsSlot: () => lease.isOurs() } : {}),
      transport: async () => {
        const { brokers, tls } = config.kafka;
        const transport = keep(
          new KafkaTransport({ brokers, clientId: service, ssl: tls, log: logger }),
        );
        await transport.connect();
        return transport;
      },
      keep,
    });
    keep(running);
    return { url: running.url, logger };
  });
}

/** A process whose slot was given to another stops; whoever supervises it starts it again, with a slot of its own. */
async function leaseOf(
  { slotHolder: holder }: ConfigOf[MessagingService],
  issuer: IssuerPort,
  logger: Logger,
  keep: <T extends Closable>(part: T) => T,
): Promise<SlotLease | undefined> {
  if (holder === undefined) return undefined;
  const lost = () => process.kill(process.pid, 'SIGTERM');
  const lease = await SlotLease.take({ issuer, holder, logger, lost });
  return lease && keep(lease);
}
