import { createTestDatabase, type TestDatabase } from '@easyflow/testing';
import type { DatabaseAccess } from './database-access';
import { DEFAULT_STARTS_PER_SECOND, TenantRates } from './tenant-rates';

describe('TenantRates', () => {
  let database: TestDatabase;
  let access: DatabaseAccess;

  beforeAll(async () => {
    database = await createTestDatabase();
    access = await database.accessFor(['ef_worker', 'ef_scheduler']);
  });
  afterAll(() => database.drop());

  it.each(['ef_worker', 'ef_scheduler'] as const)(
    'tells %s the limit of its tenant',
    async (role) => {
      const rates = new TenantRates(access);
      const limited = { limits: { requestsPerSecond: 5 } };
      const tenants = [
        [await database.createTenant(limited), 5],
        [await database.createTenant({ ...limited, placement: 'schema' }), 5],
        [await database.createTenant(), DEFAULT_STARTS_PER_SECOND],
      ] as const;
      for (const [tenant, expected] of tenants) {
        expect(await rates.startsPerSecond(await tenant.token(role))).toBe(expected);
      }
    },
  );

  it('believes it for a while, and then looks again', async () => {
    let time = 0;
    const clock = { now: () => time, monotonic: () => time };
    const rates = new TenantRates(access, clock);
    const tenant = await database.createTenant({ limits: { requestsPerSecond: 5 } });
    const token = await tenant.token('ef_worker');
    expect(await rates.startsPerSecond(token)).toBe(5);
    await database.superuser(
      `UPDATE ef.tenants SET limits = '{"requestsPerSecond": 7}' WHERE tenant_id = $1`,
      [tenant.id],
    );
    expect(await rates.startsPerSecond(token)).toBe(5);
    time += 10_001;
    expect(await rates.startsPerSecond(token)).toBe(7);
  });
});
