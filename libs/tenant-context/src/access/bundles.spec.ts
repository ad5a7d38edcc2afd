import fc from 'fast-check';
import type { TenantToken } from '../context/tenant';
import { demultiplex } from './batch-reader';
import { bundles } from './bundles';
import { preparedName } from './sessions';

function token(tenantId: string, schema = 'ef', expiresAt = Date.now() + 60_000): TenantToken {
  return {
    tenantId,
    audience: 'ef_writer',
    placement: { kind: schema === 'ef' ? 'shared' : 'schema', schema, epoch: 1 },
    expiresAt,
    token: `t.${tenantId}`,
  };
}

const items = fc.array(
  fc.record({
    tenant: fc.integer({ min: 0, max: 400 }),
    id: fc.string({ maxLength: 4 }),
    schema: fc.constantFrom('ef', 'ef', 'ef', 'tenant_a', 'tenant_b'),
    dead: fc.boolean(),
  }),
  { maxLength: 800 },
);

describe('bundles', () => {
  it('keeps every live item once, in bundles of one placement within the limits', () => {
    fc.assert(
      fc.property(items, fc.integer({ min: 1, max: 300 }), (records, maxRows) => {
        const given = records.map((record) => ({
          id: record.id,
          token: token(
            `${record.schema}-${record.tenant}`,
            record.schema,
            record.dead ? Date.now() - 1 : Date.now() + 60_000,
          ),
        }));
        const { bundles: made, expired } = bundles(given, maxRows, Date.now());
        const live = given.filter((item) => item.token.expiresAt > Date.now());
        expect(expired).toHaveLength(given.length - live.length);
        expect(new Set(made.flatMap((bundle) => bundle.items))).toEqual(new Set(live));
        for (const bundle of made) {
          expect(bundle.items.length).toBeLessThanOrEqual(maxRows);
          expect(bundle.tokens.length).toBeLessThanOrEqual(100);
          expect(new Set(bundle.tokens.map((each) => each.placement.schema)).size).toBe(1);
          const tenants = bundle.items.map((item) => item.token.tenantId);
          expect(bundle.tokens.map((each) => each.tenantId)).toEqual([...new Set(tenants)]);
          const pairs = bundle.items.map((item) => [item.token.tenantId, item.id]);
          const sorted = [...pairs].sort(([a = '', b = ''], [c = '', d = '']) =>
            a === c ? (b < d ? -1 : b > d ? 1 : 0) : a < c ? -1 : 1,
          );
          expect(pairs).toEqual(sorted);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('sets apart a token that would die on the way', () => {
    const item = { id: '1', token: token('a', 'ef', Date.now() + 500) };
    expect(bundles([item], 10, Date.now())).toEqual({ bundles: [], expired: [item] });
  });
});

describe('demultiplex', () => {
  it('hands each row to the tenant it names and to no other', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 20 })), (tenants) => {
        const rows = tenants.map((tenant, index) => ({ tenant_id: `t${tenant}`, index }));
        const dealt = demultiplex(rows, [...new Set(rows.map((row) => row.tenant_id))]);
        for (const [tenantId, own] of dealt) {
          expect(own).toEqual(rows.filter((row) => row.tenant_id === tenantId));
        }
        expect([...dealt.values()].flat()).toHaveLength(rows.length);
      }),
    );
  });

  it.each([{}, { tenant_id: null }, { tenant_id: 'stranger' }, { tenant_id: ['a'] }])(
    'refuses the whole read for a row of %j',
    (row) => {
      const rows = [{ tenant_id: 'a' }, row] as { tenant_id: string }[];
      expect(() => demultiplex(rows, ['a'])).toThrow(/no tenant of the bundle/);
    },
  );
});

describe('preparedName', () => {
  it('fits into the 63 bytes of a name and differs by statement and placement', () => {
    const names = [
      'ef',
      `tenant_${'0'.repeat(12)}${'a'.repeat(20)}`,
      `tenant_${'0'.repeat(12)}${'b'.repeat(20)}`,
    ].flatMap((schema) =>
      ['a', 'executions_insert', 'x'.repeat(60), `${'x'.repeat(60)}y`].map((name) =>
        preparedName(name, schema),
      ),
    );
    expect(new Set(names).size).toBe(names.length);
    expect(names.every((name) => name.length <= 63)).toBe(true);
  });
});
