import type { ServiceName } from '@easyflow/contracts-events';
import { readConfig, type ConfigOf } from '@easyflow/platform-config';
import { KafkaTransport } from '@easyflow/platform-kafka';
import type { Transport } from '@easyflow/platform-messaging';
import { logger as createLogger, type Logger } from '@easyflow/platform-telemetry';
import {
  DatabaseAccess,
  EnvelopeSigner,
  HttpIssuer,
  readWorkloadIdentity,
  type IssuerPort,
} from '@easyflow/tenant-context';
import { runProcess, type Closable } from './run-process';

/** The issuer is asked over HTTP and sends no messages; it has a start of its own. */
type MessagingService = Exclude<ServiceName, 'issuer'>;

/** What a service of the cluster is given: everything that depends on its environment. */
export interface ServiceRuntime<S extends MessagingService> {
  readonly config: ConfigOf[S];
  /** Pools of this service's own roles only. */
  readonly database: DatabaseAccess;
  readonly issuer: IssuerPort;
  readonly signer: EnvelopeSigner;
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
    const identity = await readWorkloadIdentity(service, config.identityKeyFile);
    const running = await start({
      // readConfig answers the configuration of the service it was asked for.
      config: config as ConfigOf[S],
      database: keep(await DatabaseAccess.connect(config.database)),
      issuer: keep(new HttpIssuer({ url: config.issuerUrl, identity })),
      signer: new EnvelopeSigner(identity),
      logger,
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
