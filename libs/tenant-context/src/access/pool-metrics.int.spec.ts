import { createTestDatabase, MetricRecorder, type TestDatabase } from '@easyflow/testing';

jest.setTimeout(60_000);

describe('the metrics of a pool', () => {
  let recorder: MetricRecorder;
  let database: TestDatabase;

  beforeAll(async () => {
    recorder = await MetricRecorder.start();
    database = await createTestDatabase();
  });

  afterAll(async () => {
    await database.drop();
    await recorder.stop();
  });

  it('count transactions that find every connection in use', async () => {
    const access = await database.accessFor(['ef_claim'], { poolSizes: { ef_claim: 1 } });
    const { owner, secret } = await database.registerOwner('executor');
    const claim = () => access.claims.claim({ owner, secret }, ['execution'], 1);
    await claim();
    expect(await recorder.values('easyflow.database.pool.waited')).not.toHaveProperty('ef_claim');

    await Promise.all([claim(), claim(), claim()]);
    expect(await recorder.values('easyflow.database.pool.waited')).toMatchObject({ ef_claim: 2 });
  });
});
