import { startAnalytics } from '@easyflow/analytics';
import type { ServiceName } from '@easyflow/contracts-events';
import { parseEcoWindow } from '@easyflow/domain-schedule';
import { startExecutor } from '@easyflow/executor';
import { startFlowRegistry } from '@easyflow/flow-registry';
import { ServiceProbes, startGateway } from '@easyflow/gateway';
import { InProcessIssuer, IssuerCore, type ProvisionedKeys } from '@easyflow/issuer';
import { ROLES_OF, type EmbeddedConfig } from '@easyflow/platform-config';
import type { DatabaseAddress, Role } from '@easyflow/platform-database';
import { HttpCaller } from '@easyflow/platform-http';
import { InMemoryAttemptLimiter, InMemoryRateLimiter } from '@easyflow/platform-limiter';
import { InProcessTransport } from '@easyflow/platform-messaging';
import type { Logger } from '@easyflow/platform-telemetry';
import { defaultSchedulerSettings, startScheduler } from '@easyflow/scheduler';
import { DatabaseAccess, EnvelopeSigner } from '@easyflow/tenant-context';
import { hasRoom } from '../local/disk-room';

/** One process has one replica of everything. */
const slot = '0';

export interface EmbeddedServices {
  url: string;
  /** Drains and stops all services. */
  close(): Promise<void>;
}

interface Closable {
  close(): Promise<void>;
}

/**
 * The six services in this process: the same code as in the cluster over in-process adapters. Each keeps its own
 * database roles and pools, its own signing key and its own view of the issuer.
 */
export async function startEmbeddedServices(
  config: EmbeddedConfig,
  address: DatabaseAddress,
  keys: ProvisionedKeys,
  core: IssuerCore,
  logger: Logger,
): Promise<EmbeddedServices> {
  const opened: Closable[] = [];
  const keep = <T extends Closable>(thing: T): T => {
    opened.push(thing);
    return thing;
  };
  const closeAll = async () => {
    // In reverse: the gateway stops accepting before what it depends on goes.
    for (const thing of opened.reverse()) await thing.close();
  };

  try {
    const transport = keep(new InProcessTransport({ log: logger }));
    await transport.connect();
    const parts = async (service: ServiceName) => {
      const database = keep(await connect(address, keys, ROLES_OF[service]));
      const clock = await database.watch(logger);
      return {
        database,
        transport,
        issuer: new InProcessIssuer(core, service),
        signer: new EnvelopeSigner({ ...keys.identities[service], clock }),
        logger: logger.child({ service }),
      };
    };
    const ecoWindow = parseEcoWindow(config.ecoWindow);
    const starts = keep(new InMemoryRateLimiter());
    const caller = keep(
      new HttpCaller({
        policy: config.egress,
        defaultTimeoutMs: config.executor.callTimeoutMs,
        lanes: { perTenant: config.executor.callsPerTenant },
        lookupsAtOnce: config.executor.nameLookups,
        log: logger.child({ service: 'executor' }),
      }),
    );

    const registry = keep(
      await startFlowRegistry({ settings: { slot }, ...(await parts('flow-registry')) }),
    );
    const analytics = keep(
      await startAnalytics({
        settings: { slot, prices: config.prices },
        ...(await parts('analytics')),
      }),
    );
    const scheduler = keep(
      await startScheduler({
        settings: { ...defaultSchedulerSettings, slot },
        starts,
        ...(await parts('scheduler')),
      }),
    );
    const executor = keep(
      await startExecutor({
        settings: {
          slot,
          maxInFlight: config.executor.slots,
          leaseMs: config.executor.leaseMs,
          pollMs: config.executor.pollMs,
          ...(config.executor.threads !== undefined && { threads: config.executor.threads }),
          drainMs: config.drainMs,
          ecoWindow,
        },
        caller,
        starts,
        ...(await parts('executor')),
      }),
    );
    const gateway = keep(
      await startGateway({
        settings: {
          slot,
          http: { ...config.http, ...config.clients, trustedProxies: config.trustedProxies },
          bodyLimitBytes: config.bodyLimitBytes,
          ecoWindow,
          drainMs: config.drainMs,
        },
        limiter: keep(new InMemoryRateLimiter()),
        attempts: keep(new InMemoryAttemptLimiter()),
        localDispatch: executor.localDispatch,
        machine: async () => ({ disk: await hasRoom(config.dataDir) }),
        services: new ServiceProbes({
          'flow-registry': [() => registry.ready()],
          scheduler: [() => scheduler.ready()],
          executor: [() => executor.ready()],
          analytics: [() => analytics.ready()],
        }),
        ...(await parts('gateway')),
      }),
    );
    return { url: gateway.url, close: closeAll };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

function connect(
  address: DatabaseAddress,
  keys: ProvisionedKeys,
  roles: readonly Role[],
): Promise<DatabaseAccess> {
  const passwords = Object.fromEntries(roles.map((role) => [role, keys.rolePasswords[role]]));
  return DatabaseAccess.connect({ ...address, passwords });
}
