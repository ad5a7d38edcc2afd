import type { TestDatabase } from '@easyflow/testing';

/** What an execution of a number is, as SQL over its number `n`. */
interface Shape {
  status: string;
  flow: string;
  /** Whether a live one is leased. */
  claimed: string;
}

/**
 * Tenants of which one part outgrows the others: what is rare is among the first, and stays as it is while the rest
 * grows above it.
 */
export const SHAPES = {
  completed: {
    status: `CASE WHEN n <= 3 THEN 'faulted' WHEN n IN (7, 8) THEN 'running' WHEN n = 9 THEN 'pending' WHEN n = 10 THEN 'waiting' ELSE 'completed' END`,
    flow: `CASE WHEN n BETWEEN 4 AND 6 OR n = 10 THEN 'b' ELSE 'a' END`,
    claimed: 'n = 7',
  },
  faulted: {
    status: `CASE WHEN n <= 3 THEN 'completed' WHEN n BETWEEN 7 AND 9 THEN 'cancelled' ELSE 'faulted' END`,
    flow: `CASE WHEN n BETWEEN 4 AND 6 THEN 'b' ELSE 'a' END`,
    claimed: 'false',
  },
  waiting: {
    status: `CASE WHEN n <= 3 THEN 'running' WHEN n BETWEEN 7 AND 9 THEN 'pending' WHEN n = 10 THEN 'suspended' ELSE 'waiting' END`,
    flow: `CASE WHEN n BETWEEN 4 AND 6 THEN 'b' ELSE 'a' END`,
    claimed: 'n IN (1, 8, 9)',
  },
  pending: {
    status: `CASE WHEN n BETWEEN 7 AND 9 THEN 'completed' ELSE 'pending' END`,
    flow: `CASE WHEN n <= 3 OR n BETWEEN 7 AND 9 THEN 'b' ELSE 'a' END`,
    claimed: 'n IN (2, 4, 5, 6)',
  },
  mixed: {
    status: `(ARRAY['pending', 'running', 'waiting', 'suspended', 'cancelled', 'faulted', 'completed'])[n % 7 + 1]`,
    flow: `(ARRAY['a', 'b'])[n % 3 + 1]`,
    claimed: 'n % 14 = 0 AND n < 3000',
  },
} satisfies Record<string, Shape>;

/** 40 ms apart; the number is at the end. */
const ID = `(lpad(to_hex(1700000000000 + n * 40), 12, '0') || '70008000' || lpad(to_hex(n), 12, '0'))::uuid`;

export function idOf(n: number): string {
  const time = (1_700_000_000_000 + n * 40).toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-${n.toString(16).padStart(12, '0')}`;
}

/** Inserts the executions of the numbers from one to another, as the services would leave them. */
export async function grow(
  database: TestDatabase,
  tenantId: string,
  { status, flow, claimed }: Shape,
  numbers: { from: number; to: number },
  owner: string,
): Promise<void> {
  const source = `SELECT n, ${ID} AS id, ${status} AS status, coalesce(${flow}, 'c') AS flow, ${claimed} AS claimed
                    FROM generate_series(${numbers.from}, ${numbers.to}) n`;
  const key = `hashtextextended('grown/' || s.flow, 0)`;
  // What the triggers do is done below, many rows at once.
  await database.superuser('SET session_replication_role = replica');
  await database.superuser(
    `INSERT INTO ef.executions (tenant_id, id, flow_namespace, flow_name, flow_version, mode, status)
     SELECT $1, s.id, 'grown', s.flow, '1.0.0', 'balanced', s.status FROM (${source}) s`,
    [tenantId],
  );
  await database.superuser(
    `INSERT INTO ef.work (tenant_id, kind, id, due_at, status, flow_key, lease_owner, lease_until, claim_no)
     SELECT $1, 'execution', s.id, now(), s.status, ${key},
            CASE WHEN s.claimed THEN $2 END, CASE WHEN s.claimed THEN now() + interval '1 hour' END, s.claimed::int
       FROM (${source}) s WHERE s.status IN ('pending', 'running', 'waiting', 'suspended')`,
    [tenantId, owner],
  );
  // A row an execution: the worst case.
  await database.superuser(
    `INSERT INTO ef.ended_executions (tenant_id, flow_key, status, slot, ids)
     SELECT $1, ${key}, s.status, substring(uuid_send(s.id) FROM 1 FOR 5), ARRAY[s.id]
       FROM (${source}) s WHERE s.status IN ('cancelled', 'faulted', 'completed')`,
    [tenantId],
  );
  await database.superuser('RESET session_replication_role');
}

/** What else a tenant has many of: rows of one history, hours of usage, flows and versions that are not active, requests. */
export async function growOthers(
  database: TestDatabase,
  tenantId: string,
  { from, to }: { from: number; to: number },
): Promise<void> {
  const numbers = `FROM generate_series(${from}, ${to}) n`;
  const inserts = [
    `INSERT INTO ef.execution_history (tenant_id, execution_id, segment, items)
     SELECT $1, '${idOf(1)}', n * 2 - 1, '["2026-01-01T00:00:00.000Z",["/do/0/a"]]' ${numbers}`,
    `INSERT INTO ef.usage_hourly (tenant_id, hour, flow_namespace, flow_name, mode, executions, cost)
     SELECT $1, '2020-01-01'::timestamptz + n / 10 * interval '1 hour', 'grown', 'f' || n % 10, 'eco', n, 0 ${numbers}`,
    `INSERT INTO ef.flows (tenant_id, namespace, name, active_version)
     SELECT $1, 'grown', 'f' || n, CASE WHEN n <= 3 THEN '1.0.0' END ${numbers}`,
    `INSERT INTO ef.flow_versions (tenant_id, namespace, name, version, id, document, source, media_type, content_hash)
     SELECT $1, 'grown', CASE WHEN n <= 3 THEN 'f' || n ELSE 'f9' END, CASE WHEN n <= 3 THEN '1.0.0' ELSE '1.0.' || n END,
            ${ID}, '{}', '{}', 'application/json', '' ${numbers}`,
    `INSERT INTO ef.requests (tenant_id, id, service, pattern, body)
     SELECT $1, ${ID}, 'flow-registry', 'flow.apply', '{}' ${numbers}`,
    `INSERT INTO ef.idempotency_keys (tenant_id, key, request_hash, execution_id, dispatch, expires_at)
     SELECT $1, n::text, '', ${ID}, 'hinted', now() + interval '1 day' ${numbers}`,
  ];
  for (const insert of inserts) await database.superuser(insert, [tenantId]);
}
