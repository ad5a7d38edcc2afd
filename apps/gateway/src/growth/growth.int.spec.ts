import { executionStatuses } from '@easyflow/contracts-http';
import {
  createTestDatabase,
  StatementReader,
  type Read,
  type SqlValue,
  type TestDatabase,
  type TestTenant,
} from '@easyflow/testing';
import type { TenantToken } from '@easyflow/tenant-context';
import { readdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { acceptExecutions, bindKeys } from '../acceptance/acceptance.statements';
import { pageOfExecutions } from '../executions/execution-page';
import { LAST_ID } from '../http/cursor';
import { grow, growOthers, idOf, SHAPES } from './grown-tenants.test';

/** Rows of each tenant before and after; `npm run bench -- growth` takes 10,000 and a million. */
const SMALL = Number(process.env['EASYFLOW_GROWTH_SMALL'] ?? 2_000);
const LARGE = Number(process.env['EASYFLOW_GROWTH_LARGE'] ?? 20_000);
/** A file for what each look read and how long it took. */
const REPORT = process.env['EASYFLOW_GROWTH_REPORT'];
/** A tree that is a level higher, here and there. */
const MORE = 24;
const LIMIT = 51;

jest.setTimeout(3_600_000);

interface NamedStatement {
  name: string;
  text: string;
}

/** What only inserts reads nothing that grows but the paths of its indexes. */
const INSERTS: readonly NamedStatement[] = [acceptExecutions, bindKeys];

/** Every statement of the gateway. */
function statements(): Map<string, NamedStatement> {
  const root = path.join(__dirname, '..');
  const found = new Map<string, NamedStatement>();
  for (const file of readdirSync(root, { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.statements.ts')) continue;
    const module = jest.requireActual<Record<string, unknown>>(path.join(root, file));
    for (const value of Object.values(module)) {
      const statement = value as NamedStatement;
      if (typeof statement === 'object') found.set(statement.name, statement);
    }
  }
  return found;
}

interface Look {
  what: string;
  tenant: keyof typeof SHAPES;
  statement: NamedStatement;
  values: readonly SqlValue[];
  /** For lists: the condition that says the same. */
  sameAs?: string;
}

/** The last is before every id, so it names a page that has to be proven empty. */
const CURSORS = {
  first: LAST_ID,
  deep: idOf(SMALL / 2),
  absurd: '00000000-0000-0000-0000-000000000000',
};

function lists(tenant: keyof typeof SHAPES, tenantId: string): Look[] {
  return [undefined, 'a', 'b', 'missing'].flatMap((name) =>
    [undefined, ...executionStatuses].flatMap((status) =>
      Object.entries(CURSORS).map(([page, before]): Look => {
        const flow = name === undefined ? undefined : { namespace: 'grown', name };
        const filter = { flow, status, before, limit: LIMIT };
        const { values, ...statement } = pageOfExecutions(tenantId, filter);
        return {
          what: `${page} page of ${status ?? 'any'} of ${name ?? 'any flow'} among ${tenant}`,
          tenant,
          statement,
          values,
          sameAs: [
            `tenant_id = '${tenantId}' AND id < '${before}'`,
            ...(name === undefined ? [] : [`flow_name = '${name}'`]),
            ...(status === undefined ? [] : [`status = '${status}'`]),
          ].join(' AND '),
        };
      }),
    ),
  );
}

/** The reads of one row, one history, usage, flows and what else the gateway looks at. */
function others(all: ReadonlyMap<string, NamedStatement>, tenantId: string): Look[] {
  const hour = new Date(Date.UTC(2020, 0, 1) + (SMALL / 20) * 3_600_000).toISOString();
  const calls: [name: string, ...values: SqlValue[]][] = [
    ['g_read_execution', tenantId, idOf(20)],
    ['g_find_execution', tenantId, idOf(20)],
    ['g_read_large_result', tenantId, idOf(20)],
    ['g_read_results', [tenantId], [idOf(20)]],
    ['g_wake_execution', tenantId, idOf(9)],
    ['g_resume_execution', tenantId, idOf(9)],
    ['g_insert_signal', tenantId, idOf(0), idOf(9), '{}'],
    ['g_read_history_from', tenantId, idOf(1), 1],
    ['g_read_history_from', tenantId, idOf(1), SMALL],
    ['g_read_history_from', tenantId, idOf(1), 2_147_483_647],
    ['g_read_history_after', tenantId, idOf(1), SMALL],
    ['g_read_history_after', tenantId, idOf(1), 2_147_483_647],
    ['g_read_usage', tenantId, '2020-01-01', '', '', '', '2021-01-01', LIMIT],
    ['g_read_usage', tenantId, hour, 'grown', 'f5', 'eco', '9999-01-01', LIMIT],
    ['g_read_usage', tenantId, '1970-01-01', '', '', '', '2019-01-01', LIMIT],
    ['g_read_active_flow', 'grown', 'f2'],
    ['g_read_flow_version', 'grown', 'f9', '1.0.9'],
    ['g_read_flow_document', 'grown', 'f9', '1.0.9'],
    ['g_read_input_schema', 'grown', 'f9', '1.0.9'],
    ['g_list_active_flows', tenantId, '', '', LIMIT],
    ['g_list_active_flows', tenantId, 'grown', 'f2', LIMIT],
    ['g_list_flow_versions', tenantId, 'grown', 'f9', LAST_ID, LIMIT],
    ['g_list_flow_versions', tenantId, 'grown', 'f9', idOf(SMALL / 2), LIMIT],
    ['g_list_flow_versions', tenantId, 'grown', 'f2', LAST_ID, LIMIT],
    ['g_insert_request', tenantId, idOf(0), 'flow-registry', 'flow.apply', '{}'],
    ['g_take_reply', tenantId, idOf(3)],
    ['g_drop_old_requests', tenantId, idOf(0)],
  ];
  return calls.map(([name, ...values], index) => {
    const statement = all.get(name);
    if (!statement) throw new Error(`There is no statement ${name}`);
    return { what: `${name} ${index}`, tenant: 'completed', statement, values };
  });
}

describe('every read of the gateway', () => {
  const all = statements();
  const tenants = {} as Record<keyof typeof SHAPES, TestTenant>;
  const names = Object.keys(SHAPES) as (keyof typeof SHAPES)[];
  let database: TestDatabase;
  let api: StatementReader;
  let owner: string;
  let looks: Look[];

  async function growAll(from: number, to: number): Promise<void> {
    for (const name of names) {
      await grow(database, tenants[name].id, SHAPES[name], { from, to }, owner);
    }
    await growOthers(database, tenants.completed.id, { from, to });
    await database.superuser('VACUUM');
  }

  /** As a table is that was never analysed, and as one that was. */
  async function inBothStates(look: (state: string) => Promise<void>): Promise<void> {
    await database.superuser('DELETE FROM pg_statistic');
    await look('not analysed');
    await database.superuser('ANALYZE');
    await look('analysed');
  }

  const tokens = new Map<keyof typeof SHAPES, TenantToken>();

  /** A token with some time left. */
  async function tokenOf(name: keyof typeof SHAPES): Promise<TenantToken> {
    const known = tokens.get(name);
    if (known && known.expiresAt > Date.now() + 20_000) return known;
    const token = await tenants[name].token('ef_api');
    tokens.set(name, token);
    return token;
  }

  async function readsOf(): Promise<Map<Look, Read>> {
    const reads = new Map<Look, Read>();
    for (const look of looks) {
      const token = await tokenOf(look.tenant);
      reads.set(look, await api.measure(token, look.statement, look.values));
    }
    return reads;
  }

  beforeAll(async () => {
    database = await createTestDatabase();
    owner = (await database.registerOwner('executor')).owner;
    for (const name of names) tenants[name] = await database.createTenant();
    api = await StatementReader.of(await database.connectAs('ef_api'), 'ef_api');
    looks = [
      ...names.flatMap((name) => lists(name, tenants[name].id)),
      ...others(all, tenants.completed.id),
    ];
    await growAll(1, SMALL);
  });

  afterAll(() => database.drop(), 60_000);

  it('is among those that are looked at', () => {
    const seen = new Set([...looks.map(({ statement }) => statement.name), 'g_read_bound_keys']);
    const missing = [...all.values()].filter(
      (statement) => !seen.has(statement.name) && !INSERTS.includes(statement),
    );
    expect(missing.map(({ name }) => name)).toEqual([]);
    expect(all.size).toBeGreaterThan(20);
  });

  it('reads as much of many rows as of few', async () => {
    const before = new Map<string, Map<Look, Read>>();
    await inBothStates(async (state) => {
      before.set(state, await readsOf());
    });
    await growAll(SMALL + 1, LARGE);
    const grown: string[] = [];
    const report: string[] = [];
    await inBothStates(async (state) => {
      for (const [look, many] of await readsOf()) {
        const few = before.get(state)?.get(look) ?? { buffers: 0, milliseconds: 0 };
        const line = `${look.what}, ${state}: ${few.buffers} → ${many.buffers}`;
        if (many.buffers > 2 * few.buffers + MORE) grown.push(line);
        report.push(`${line}  ${few.milliseconds.toFixed(2)} → ${many.milliseconds.toFixed(2)} ms`);
      }
    });
    if (REPORT) await writeFile(REPORT, `${report.join('\n')}\n`);
    expect(grown).toEqual([]);
  });

  it('gives exactly the newest that fit', async () => {
    for (const look of looks) {
      if (look.sameAs === undefined) continue;
      const token = await tokenOf(look.tenant);
      const found = await api.rows<{ id: string }>(token, look.statement, look.values);
      const expected = await database.superuser<{ id: string }>(
        `SELECT id FROM ef.executions WHERE ${look.sameAs} ORDER BY id DESC LIMIT ${LIMIT}`,
      );
      expect([look.what, found.map(({ id }) => id)]).toEqual([
        look.what,
        expected.map(({ id }) => id),
      ]);
    }
  });
});
