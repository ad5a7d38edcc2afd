import 'reflect-metadata';
import { maySend } from '@easyflow/contracts-events';
import { startHealthServer } from '@easyflow/platform-http';
import { RpcErrorFilter, TransportStrategy } from '@easyflow/platform-messaging';
import { EnvelopeVerifier } from '@easyflow/tenant-context';
import { NestFactory } from '@nestjs/core';
import { Scheduler } from './scheduler';
import type { SchedulerDeps } from './scheduler-deps';
import { defaultSchedulerSettings } from './scheduler-settings';
import { SchedulerModule } from './scheduler.module';

export interface RunningScheduler {
  /** Of the health endpoints, where it has them. */
  url?: string;
  ready(): Promise<boolean>;
  /** Ends after the round in hand. */
  close(): Promise<void>;
}

/**
 * Starts the service that fires schedules. It starts also while the database, the issuer or Kafka is down, and
 * fires when they are back.
 */
export async function startScheduler(deps: SchedulerDeps): Promise<RunningScheduler> {
  const { database, transport, issuer, signer, logger } = deps;
  const clock = deps.clock ?? (await database.watch(logger));
  const settings = { ...defaultSchedulerSettings, ...deps.settings };
  const scheduler = new Scheduler({ ...deps, settings, clock });
  const verifier = new EnvelopeVerifier({
    keys: () => issuer.senderKeys(),
    allowed: maySend,
    clock,
  });
  const app = await NestFactory.createMicroservice(SchedulerModule.with(scheduler), {
    logger: false,
    strategy: new TransportStrategy({
      transport,
      service: 'scheduler',
      signer,
      verifier,
      log: logger,
      notices: true,
    }),
  });
  app.useGlobalFilters(new RpcErrorFilter());
  await scheduler.start();
  const checks = async () => ({
    ...(await database.checks()),
    slot: scheduler.registered,
  });
  // Before the consumers: joining their groups takes seconds after a sudden death, and the process lives meanwhile.
  const health = settings.http && (await startHealthServer({ ...settings.http, checks }));
  await app.listen();
  return {
    ...(health ? { url: health.url } : {}),
    ready: async () => Object.values(await checks()).every(Boolean),
    close: async () => {
      await app.close();
      await scheduler.close();
      await health?.close();
    },
  };
}
