import { maySend, type ServiceName } from '@easyflow/contracts-events';
import { readConfig, type ConfigOf } from '@easyflow/platform-config';
import { KafkaTransport } from '@easyflow/platform-kafka';
import type { Transport } from '@easyflow/platform-messaging';
import { logger as createLogger, type Logger } from '@easyflow/platform-telemetry';
import {
  DatabaseAccess,
  EnvelopeSigner,
  EnvelopeVerifier,
  HttpIssuer,
  readWorkloadIdentity,
  type IssuerPort,
} from '@easyflow/tenant-context';
import { runProcess, type RunningProcess } from './run-process';

/** What a service of the cluster is given: everything that depends on its environment. */
export interface ServiceRuntime<S extends MessagingService> {
  readonly config: ConfigOf[S];
  /** Pools of this service's own roles only. */
  readonly database: DatabaseAccess;
  readonly transport: Transport;
  readonly issuer: IssuerPort;
  readonly signer: EnvelopeSigner;
  readonly verifier: EnvelopeVerifier;
  readonly logger: Logger;
}

/** The issuer is asked over HTTP and sends no messages; it has a start of its own. */
type MessagingService = Exclude<ServiceName, 'issuer'>;

/**
 * Runs one service until SIGTERM or SIGINT. It starts also while the database, Kafka or the issuer is down:
 * readiness tells, and each comes back by itself.
 */
export async function runService<S extends MessagingService>(
  service: S,
  start: (runtime: ServiceRuntime<S>) => Promise<RunningProcess>,
): Promise<void> {
  // Read apart, so that wrong settings are told before the logger has its level.
  await runProcess(service, createLogger(service), async () => {
    const config: ConfigOf[MessagingService] = readConfig(service);
    const logger = createLogger(service, { level: config.logLevel });
    const identity = await readWorkloadIdentity(service, config.identityKeyFile);
    const database = await DatabaseAccess.connect(config.database);
    const transport = new KafkaTransport({
      brokers: config.kafka.brokers,
      clientId: service,
      ssl: config.kafka.tls,
      log: logger,
    });
    await transport.connect();
    const issuer = new HttpIssuer({ url: config.issuerUrl, identity });
    const running = await start({
      // readConfig answers the configuration of the service it was asked for.
      config: config as ConfigOf[S],
      database,
      transport,
      issuer,
      signer: new EnvelopeSigner(identity),
      verifier: new EnvelopeVerifier({ keys: () => issuer.senderKeys(), allowed: maySend }),
      logger,
    });
    return {
      ...(running.url === undefined ? {} : { url: running.url }),
      close: async () => {
        await running.close();
        await transport.close();
        await database.close();
      },
    };
  });
}
