import { waitFor } from '@easyflow/testing';
import { GatewayRig, orderFlow } from './gateway-rig.test';

jest.setTimeout(60_000);

let rig: GatewayRig;

beforeAll(async () => {
  rig = await GatewayRig.start();
});
afterAll(() => rig.close());

const rows = async (tenantId: string) => {
  const [found] = await rig.database.superuser<{ schedules: string; work: string }>(
    `SELECT (SELECT count(*) FROM ef.schedules WHERE tenant_id = $1) AS schedules,
            (SELECT count(*) FROM ef.work WHERE tenant_id = $1 AND kind = 'schedule') AS work`,
    [tenantId],
  );
  return found;
};

const waiting = async () => {
  const [found] = await rig.database.superuser<{ waiting: string }>(
    `SELECT count(*) AS waiting FROM pg_stat_activity
     WHERE datname = current_database() AND usename = 'ef_registry' AND wait_event_type = 'Lock'`,
  );
  return Number(found?.waiting) > 0;
};

it.each([
  ['ends', {}, '0'],
  ['changes', { schedule: { every: { hours: 2 } } }, '1'],
])(
  'a flow whose schedule %s while a scheduler fires it waits, and neither deadlocks',
  async (_, next, left) => {
    const tenant = await rig.tenant();
    await rig.apply(tenant, orderFlow('1.0.0', { schedule: { every: { hours: 1 } } }));
    expect(await rows(tenant.id)).toEqual({ schedules: '1', work: '1' });
    const access = await rig.database.accessFor(['ef_writer']);
    // As the scheduler moves a schedule to its next tick: its row first, then its work row.
    let applying: Promise<{ status: number }> | undefined;
    await access.tenant(await tenant.token('ef_writer'), async (session) => {
      await session.query({
        name: 'spec_lock_schedule',
        text: 'SELECT id FROM schedules WHERE tenant_id = $1 FOR UPDATE',
        values: [tenant.id],
      });
      applying = rig.apply(tenant, orderFlow('2.0.0', next));
      await waitFor(waiting, { describe: 'the registry to wait for the schedule' });
      await session.query({
        name: 'spec_lock_work',
        text: `SELECT id FROM work WHERE tenant_id = $1 AND kind = 'schedule' FOR UPDATE`,
        values: [tenant.id],
      });
    });
    expect((await applying)?.status).toBe(201);
    expect(await rows(tenant.id)).toEqual({ schedules: left, work: left });
  },
);
