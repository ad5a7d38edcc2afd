import {
  bundles,
  pairKey,
  type BatchReader,
  type Statement,
  type TenantToken,
} from '@easyflow/tenant-context';
import type { TenantTokens } from './tenant-tokens';
import { ValueReader } from './value-reader';

const MB = 1024 * 1024;
const tenants = ['00000000-0000-7000-8000-00000000000a', '00000000-0000-7000-8000-00000000000b'];

/** Tenants have two values for each of their executions, with one id in both. */
function reader() {
  const asked: string[][] = [];
  const read = (bundle: readonly TenantToken[], { values = [] }: Statement) => {
    const lists = values.map((list) => String(list).slice(1, -1).split(','));
    const pairs = (lists[0] ?? []).map((tenantId, n) => [tenantId, lists[1]?.[n] ?? ''] as const);
    asked.push(pairs.map(([tenantId, id]) => pairKey(tenantId, id)));
    const rows = pairs.flatMap(([tenant_id, execution_id]) =>
      [2, 1].map((id) => ({ tenant_id, execution_id, id, value: tenant_id, refs: null })),
    );
    const own = ({ tenantId }: TenantToken) =>
      [tenantId, rows.filter((row) => row.tenant_id === tenantId)] as const;
    return Promise.resolve(new Map(bundle.map(own)));
  };
  const tokens = {
    get: (tenantId: string) =>
      tenants.includes(tenantId)
        ? { tenantId, expiresAt: Infinity, placement: { schema: 'ef' } }
        : undefined,
    bundles: (items: { token: TenantToken; id: string }[], most: number) =>
      bundles(items, most, 0).bundles,
  };
  return {
    asked,
    values: new ValueReader({ read } as unknown as BatchReader, tokens as unknown as TenantTokens),
  };
}

describe('the reader of values', () => {
  it('reads many in one statement, and no more than have room in memory together', async () => {
    const { asked, values } = reader();
    const sizes = [1, 5, 20, 9, 8, 7, 1].map((size) => size * MB);
    const executions = sizes.map((size, n) => ({ tenantId: tenants[0] ?? '', id: `e${n}`, size }));
    const taken: string[] = [];
    await values.read(executions, ({ id }) => taken.push(id));

    expect(asked.map((part) => part.length)).toEqual([2, 1, 1, 3]);
    expect(taken).toEqual(executions.map(({ id }) => id));
  });

  it('hands each execution its own, also when two tenants have one id', async () => {
    const { values } = reader();
    const executions = tenants.map((tenantId) => ({ tenantId, id: 'same', size: 1 }));
    const taken: unknown[] = [];
    await values.read([...executions, { tenantId: 'no token', id: 'e', size: 1 }], (one, found) =>
      taken.push([one.tenantId, found.map(({ value }) => value)]),
    );
    expect(taken).toEqual(tenants.map((tenantId) => [tenantId, [tenantId, tenantId]]));
  });
});
