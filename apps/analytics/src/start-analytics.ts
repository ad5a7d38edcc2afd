import 'reflect-metadata';
import { PriceList } from '@easyflow/domain-cost';
import { startHealthServer } from '@easyflow/platform-http';
import { OwnerSlot } from '@easyflow/tenant-context';
import { NestFactory } from '@nestjs/core';
import type { AnalyticsDeps } from './analytics-deps';
import { AnalyticsModule } from './analytics.module';
import { RollupRepository } from './rollup/rollup.repository';
import { RollupWorker } from './rollup/rollup-worker';
import { KeySweeper } from './sweep/key-sweeper';
import { SweepRepository } from './sweep/sweep.repository';

/** A completion wakes its hour for 3 s later; with the longest pause and a pass it shows in the usage before 10 s. */
const PAUSE = { minMs: 1_000, maxMs: 4_000 };

/** A tenant's keys are swept every few hours; a look that finds none due reads one index entry. */
const SWEEP_POLL_MS = 60_000;

export interface RunningAnalytics {
  /** Of the health endpoints, where it has them. */
  url?: string;
  ready(): Promise<boolean>;
  /** Ends after what is in hand and gives its leases back. */
  close(): Promise<void>;
}

/** Starts the service that counts usage and drops idempotency keys that have expired. */
export async function startAnalytics(deps: AnalyticsDeps): Promise<RunningAnalytics> {
  const { database, issuer, logger, settings } = deps;
  const clock = deps.clock ?? (await database.watch(logger));
  const { claims } = database;
  const slot = new OwnerSlot({
    issuer,
    claims,
    slot: settings.slot,
    isOurs: deps.ownsSlot,
    clock,
    logger,
  });
  await slot.start();
  const workers = [
    new RollupWorker({
      claims,
      slot,
      rollups: new RollupRepository(database, new PriceList(settings.prices), logger),
      pause: settings.pause ?? PAUSE,
      logger,
      clock,
    }),
    new KeySweeper({
      claims,
      slot,
      sweeps: new SweepRepository(database),
      pollMs: settings.sweepPollMs ?? SWEEP_POLL_MS,
      logger,
      clock,
    }),
  ];
  const app = await NestFactory.createApplicationContext(AnalyticsModule.with(workers), {
    logger: false,
  });
  const checks = async () => ({
    ...(await database.checks()),
    slot: slot.owner !== undefined,
  });
  const health = settings.http && (await startHealthServer({ ...settings.http, checks }));
  return {
    ...(health ? { url: health.url } : {}),
    ready: async () => Object.values(await checks()).every(Boolean),
    close: async () => {
      await app.close();
      slot.close();
      await health?.close();
    },
  };
}
