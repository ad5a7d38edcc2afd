import { newId } from '@easyflow/kernel-ids';
import { AttackBench, BUNDLE_ATTACKS, CLAIM_ATTACKS, type CanaryTenant } from '@easyflow/testing';
import type { DatabaseAccess } from '../access/database-access';
import type { IssuerPort } from '../issuer/issuer-port';
import { attackedDatabase, attacksInEachPlacement } from './attacked.test';

const database = attackedDatabase();

attacksInEachPlacement('batch and claim', database, [...CLAIM_ATTACKS, ...BUNDLE_ATTACKS]);

describe('batch_mixup', () => {
  let access: DatabaseAccess;
  let tenants: CanaryTenant[];

  beforeAll(async () => {
    access = await database().accessFor(['ef_worker', 'ef_api']);
    // One after the other: planting canaries changes a setting of the one superuser's session.
    const first = await AttackBench.create(database(), 'shared');
    const second = await AttackBench.create(database(), 'shared');
    tenants = [first, second].flatMap((bench) => [bench.a, bench.b]);
  }, 60_000);

  it.each(['ef_worker', 'ef_api'] as const)(
    'hands rows to their own tenant only, as %s',
    async (role) => {
      const tokens = await Promise.all(tenants.map((tenant) => tenant.token(role)));
      const dealt = await access.reader.read<{ tenant_id: string; input: { canary: string } }>(
        tokens,
        {
          name: 'mixup',
          text: 'SELECT tenant_id, input FROM executions ORDER BY random()',
        },
      );
      expect([...dealt.keys()].sort()).toEqual(tenants.map((tenant) => tenant.id).sort());
      for (const [tenantId, rows] of dealt) {
        expect(rows.map((row) => row.input.canary)).toEqual([tenantId]);
      }
    },
  );

  it('hands out nothing whose tenant the statement hides or makes up', async () => {
    const [own, other] = tenants as [CanaryTenant, CanaryTenant];
    const tokens = [await own.token('ef_worker')];
    const texts = [
      'SELECT NULL::uuid AS tenant_id, input FROM executions',
      `SELECT '${other.id}'::uuid AS tenant_id, input FROM executions`,
      'SELECT input FROM executions',
    ];
    for (const [index, text] of texts.entries()) {
      await expect(
        access.reader.read(tokens, { name: `made_up_${index}`, text }),
      ).rejects.toMatchObject({ code: 'tenant.foreign_row' });
    }
    await expect(
      access.reader.read(tokens, { name: 'flows', text: 'SELECT tenant_id FROM flows' }),
    ).resolves.toEqual(new Map([[own.id, [{ tenant_id: own.id }]]]));
  });
});

describe('delegations', () => {
  let gateway: IssuerPort;
  let registry: IssuerPort;
  let analytics: IssuerPort;
  const request = {
    pattern: 'flows.apply',
    requestId: newId(),
    payloadHash: '0'.repeat(64),
    sender: 'gateway' as const,
  };

  beforeAll(async () => {
    [gateway, registry, analytics] = await Promise.all([
      database().issuerFor('gateway'),
      database().issuerFor('flow-registry'),
      database().issuerFor('analytics'),
    ]);
  });

  it('delegation_wrong_audience', async () => {
    const tenant = await database().createTenant();
    const delegation = await gateway.delegate(tenant.apiKey, {
      ...request,
      audience: 'flow-registry',
    });
    for (const service of [analytics, gateway]) {
      await expect(service.exchange(delegation, request)).rejects.toMatchObject({ status: 401 });
    }
    await expect(registry.exchange(delegation, request)).resolves.toMatchObject({
      caller: { tenantId: tenant.id },
    });
  });

  it('delegation_expired', async () => {
    const tenant = await database().createTenant();
    const delegate = (): Promise<string> =>
      gateway.delegate(tenant.apiKey, { ...request, audience: 'flow-registry' });
    const late = await delegate();
    const inTime = await delegate();
    await expect(registry.exchange(inTime, request)).resolves.toBeDefined();
    const now = Date.now();
    const clock = jest.useFakeTimers({
      now: now + 61_000,
      doNotFake: [
        'hrtime',
        'nextTick',
        'performance',
        'queueMicrotask',
        'setImmediate',
        'clearImmediate',
        'setInterval',
        'clearInterval',
        'setTimeout',
        'clearTimeout',
      ],
    });
    try {
      await expect(registry.exchange(late, request)).rejects.toMatchObject({ status: 401 });
    } finally {
      clock.useRealTimers();
    }
  });
});
