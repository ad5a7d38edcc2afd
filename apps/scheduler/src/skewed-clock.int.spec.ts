import { scheduleRow } from '@easyflow/domain-schedule';
import { compileFlow } from '@easyflow/engine';
import { newId } from '@easyflow/kernel-ids';
import { systemClock } from '@easyflow/kernel-time';
import { InProcessTransport } from '@easyflow/platform-messaging';
import { logger } from '@easyflow/platform-telemetry';
import { EnvelopeSigner } from '@easyflow/tenant-context';
import { createTestDatabase, waitFor, type TestDatabase, type TestTenant } from '@easyflow/testing';
import { generateKeyPairSync } from 'node:crypto';
import { Scheduler } from './scheduler';
import { defaultSchedulerSettings } from './scheduler-settings';

const quiet = logger('scheduler', { level: 'silent' });

describe.each([20_000, -20_000])('a scheduler whose clock is %s ms ahead', (skewMs) => {
  let database: TestDatabase;
  let tenant: TestTenant;
  let scheduler: Scheduler;

  beforeAll(async () => {
    database = await createTestDatabase();
    tenant = await database.createTenant();
    const access = await database.accessFor(['ef_claim', 'ef_scheduler', 'ef_writer'], {
      machineClock: { ...systemClock, now: () => systemClock.now() + skewMs },
    });
    const transport = new InProcessTransport({ log: quiet });
    await transport.connect();
    scheduler = new Scheduler({
      settings: { ...defaultSchedulerSettings, pollMs: 50, slot: newId() },
      database: access,
      transport,
      issuer: { registerOwner: (slot) => database.registerOwner('scheduler', slot) },
      signer: new EnvelopeSigner({
        keyId: 'scheduler-test',
        service: 'scheduler',
        privateKey: generateKeyPairSync('ed25519').privateKey,
      }),
      clock: await access.watch(quiet),
      logger: quiet,
    });
    await scheduler.start();
  }, 60_000);
  afterAll(async () => {
    await scheduler.close();
    await database.drop();
  });

  it('fires every second, by the database’s clock', async () => {
    const id = newId();
    const program = compileFlow({
      document: { dsl: '1.0.0', namespace: 'test', name: 'often', version: '1.0.0' },
      schedule: { every: { seconds: 1 } },
      do: [{ nothing: { set: { done: true } } }],
    });
    const row = scheduleRow(program, { now: Date.now() });
    if (row?.nextTick === undefined) throw new Error('no schedule');
    const key = [tenant.id, 'test', 'often', '1.0.0'];
    await database.superuser(
      'INSERT INTO ef.flows (tenant_id, namespace, name, active_version) VALUES ($1, $2, $3, $4)',
      key,
    );
    await database.superuser(
      `INSERT INTO ef.flow_versions (tenant_id, namespace, name, version, id, document, source, media_type, content_hash)
       VALUES ($1, $2, $3, $4, $5, '{}', '', '', '')`,
      [...key, newId()],
    );
    await database.superuser(
      `INSERT INTO ef.schedules (tenant_id, namespace, name, version, id, kind, expression, next_tick)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
      [...key, id, row.kind, row.expression, new Date(row.nextTick)],
    );
    await database.superuser(
      `INSERT INTO ef.work (tenant_id, kind, id, due_at) VALUES ($1, 'schedule', $2, $3)`,
      [tenant.id, id, new Date(row.nextTick)],
    );
    const started = () =>
      database.superuser<{ late: number }>(
        `SELECT extract(epoch FROM e.created_at - (split_part(k.key, ' ', 3))::timestamptz)::float8 AS late
           FROM ef.idempotency_keys k JOIN ef.executions e ON e.tenant_id = k.tenant_id AND e.id = k.execution_id
          WHERE k.tenant_id = $1 AND k.key LIKE $2 ORDER BY k.key`,
        [tenant.id, `schedule ${id} %`],
      );
    await waitFor(async () => (await started()).length >= 3, { describe: 'three ticks' });
    // Never before its time, and not as late as the clock is wrong.
    for (const { late } of await started()) {
      expect(late).toBeGreaterThanOrEqual(-0.05);
      expect(late).toBeLessThan(10);
    }
  }, 60_000);
});
