import 'reflect-metadata';
import { maySend } from '@easyflow/contracts-events';
import type { Json } from '@easyflow/engine';
import { startHealthServer } from '@easyflow/platform-http';
import { RpcErrorFilter, TransportStrategy } from '@easyflow/platform-messaging';
import { EnvelopeVerifier, type LocalDispatch } from '@easyflow/tenant-context';
import { NestFactory } from '@nestjs/core';
import { Executor } from './executor';
import type { ExecutorDeps } from './executor-deps';
import { defaultExecutorSettings } from './executor-settings';
import { ExecutorModule } from './executor.module';

export interface RunningExecutor {
  /** Of the health endpoints, where it has them. */
  url?: string;
  /** For the gateway of the same process. */
  localDispatch: LocalDispatch<Json>;
  ready(): Promise<boolean>;
  /** Claims no more, lets effects in flight finish for a while, checkpoints, gives the leases back. */
  close(): Promise<void>;
}

/** Executors share the hints: one of them claims for each. */
const GROUP = 'easyflow.executors';

/**
 * Starts the service that runs executions. It starts also while the database, the issuer or Kafka is down, and
 * takes work when they are back.
 */
export async function startExecutor(deps: ExecutorDeps): Promise<RunningExecutor> {
  const { database, transport, issuer, signer, logger } = deps;
  const clock = deps.clock ?? (await database.watch(logger));
  const settings = { ...defaultExecutorSettings, ...deps.settings };
  const executor = new Executor({ ...deps, settings, clock });
  const verifier = new EnvelopeVerifier({
    keys: () => issuer.senderKeys(),
    allowed: maySend,
    clock,
  });
  const strategy = new TransportStrategy({
    transport,
    service: 'executor',
    signer,
    verifier,
    log: logger,
    notices: true,
    tenants: { group: GROUP },
  });
  const app = await NestFactory.createMicroservice(ExecutorModule.with(executor, strategy), {
    logger: false,
    strategy,
  });
  app.useGlobalFilters(new RpcErrorFilter());
  await executor.start();
  const checks = async () => ({
    ...(await database.checks()),
    slot: executor.registered,
  });
  // Before the consumers: joining their groups takes seconds after a sudden death, and the process lives meanwhile.
  const health = settings.http && (await startHealthServer({ ...settings.http, checks }));
  await app.listen();
  return {
    ...(health ? { url: health.url } : {}),
    localDispatch: executor.localDispatch,
    ready: async () => Object.values(await checks()).every(Boolean),
    close: async () => {
      await app.close();
      await executor.close();
      await health?.close();
    },
  };
}

/** The road from a gateway to the executor of the same process. */
export function createLocalDispatch(executor: RunningExecutor): LocalDispatch<Json> {
  return executor.localDispatch;
}
