import { Client } from 'pg';
import { PLAN_SETTINGS } from '@easyflow/platform-database';
import {
  createTestDatabase,
  expectStablePlan,
  inEveryPlanState,
  type TestDatabase,
} from '@easyflow/testing';
import { CLAIM, OPEN, RELEASE, RENEW } from './claims';

const FENCED = `
  WITH done AS (
    UPDATE work w SET due_at = now() FROM (
      SELECT k.row_id
        FROM unnest($1::uuid[], $2::uuid[], $3::int[]) x (t, i, n)
       CROSS JOIN LATERAL (SELECT c.ctid AS row_id FROM work c
                            WHERE c.tenant_id = x.t AND c.kind = 'execution' AND c.id = x.i
                              AND c.lease_owner = $4 AND c.claim_no = x.n AND c.lease_until > clock_timestamp()
                              FOR UPDATE) k) l
     WHERE w.ctid = l.row_id RETURNING w.tenant_id)
  SELECT count(*) FROM done`;
const UNFENCED = `
  WITH done AS (
    UPDATE work w SET due_at = now() FROM unnest($1::uuid[], $2::uuid[]) x (t, i)
     WHERE w.tenant_id = x.t AND w.kind = 'execution' AND w.id = x.i RETURNING w.tenant_id)
  SELECT count(*) FROM done`;
const WAKE = `
  UPDATE work SET wake_seq = wake_seq + 1, due_at = least(due_at, now())
   WHERE tenant_id = $1 AND kind = 'execution' AND id = $2`;

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
}, 60_000);

afterAll(() => database.drop());

const FIND_SIGNALS = `
  SELECT count(*) FROM unnest($1::uuid[], $2::uuid[]) x (t, i)
   CROSS JOIN LATERAL (SELECT c.ctid AS row_id FROM execution_signals c
                        WHERE c.tenant_id = x.t AND c.id = x.i OFFSET 0) k`;
const FIND_OUTBOX = `
  SELECT count(*) FROM unnest($1::uuid[], $2::uuid[]) x (t, i)
   CROSS JOIN LATERAL (SELECT c.ctid AS row_id FROM outbox c
                        WHERE c.tenant_id = x.t AND c.id = x.i OFFSET 0) k`;

describe('plans that outlive the size of their tables', () => {
  it('holds fenced look-ups and wakes in all six states', async () => {
    await expectStablePlan(
      database,
      { role: 'ef_writer', text: FENCED },
      { role: 'ef_api', text: WAKE },
      { role: 'ef_writer', text: FIND_SIGNALS },
      { role: 'ef_writer', text: FIND_OUTBOX },
    );
  }, 60_000);

  it('sees the flip of an unfenced one', async () => {
    await expect(expectStablePlan(database, { role: 'ef_writer', text: UNFENCED })).rejects.toThrow(
      /With \d+ rows/,
    );
  }, 60_000);
});

/** Functions hide their plans from EXPLAIN, so what they read is counted instead. */
describe('functions of the hot road', () => {
  const PAIRS = 10;
  /** Tuples that ten look-ups may read: the rows by index and by ctid, and dead versions that this test leaves. */
  const BOUND = 10 * PAIRS;
  let client: Client;

  beforeEach(async () => {
    client = new Client({ connectionString: database.databaseUrl });
    await client.connect();
    for (const [name, value] of Object.entries(PLAN_SETTINGS)) {
      await client.query(`SET ${name} = ${value}`);
    }
  });

  afterEach(() => client.end());

  /** Runs in one transaction that is rolled back and answers the tuples of `work` it read. */
  async function tuplesRead(role: string, run: () => Promise<unknown>): Promise<number> {
    await client.query('BEGIN');
    const before = await tuplesReadSoFar();
    await client.query(`SET LOCAL SESSION AUTHORIZATION ${role}`);
    await run();
    await client.query('RESET SESSION AUTHORIZATION');
    const after = await tuplesReadSoFar();
    await client.query('ROLLBACK');
    return after - before;
  }

  async function tuplesReadSoFar(): Promise<number> {
    const { rows } = await client.query<{ read: string }>(
      `SELECT coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) +
              (SELECT coalesce(sum(pg_stat_get_xact_tuples_returned(indexrelid)), 0) FROM pg_index WHERE indrelid = 'ef.work'::regclass) AS read
         FROM pg_stat_xact_user_tables WHERE relid = 'ef.work'::regclass`,
    );
    return Number(rows[0]?.read);
  }

  it('read what they name and not the table, with plans made while it was empty', async () => {
    const { owner, secret } = await database.registerOwner('executor');
    const tenants = Array.from(
      { length: 10 },
      (_, n) => `00000000-0000-7000-9000-${String(n).padStart(12, '0')}`,
    );
    await database.superuser(
      `INSERT INTO ctx.placements (tenant_id, kind, schema_name) SELECT t, 'shared', 'ef' FROM unnest($1::uuid[]) t`,
      [tenants],
    );
    const ids = Array.from({ length: PAIRS }, (_, n) => n + 1).map((n) => ({
      tenant: tenants[n % 10],
      id: `00000000-0000-7000-a000-${String(n).padStart(12, '0')}`,
    }));
    const keys = [
      owner,
      secret,
      ids.map((each) => each.tenant),
      ids.map(() => 'execution'),
      ids.map((each) => each.id),
    ];
    const numbers = ids.map(() => 1);
    const token = `SELECT ctx.begin(array_agg(token)) FROM (
      SELECT ctx.sign(k.kid, k.ipad, k.opad, t, 'ef_writer', 'test', 1, ctx.clock_ms() + 60000) AS token
        FROM ctx.keys k, unnest($1::uuid[]) t WHERE k.purpose = 'token') s`;
    const read: Record<string, number> = {};
    await inEveryPlanState(database, async ({ rows, analysed }) => {
      const state = `${rows}${analysed ? ' analysed' : ''}`;
      await database.superuser(
        `UPDATE ef.work SET lease_owner = $1, lease_until = now() + interval '1 hour', claim_no = 1 WHERE id = ANY ($2::uuid[])`,
        [owner, ids.map((each) => each.id)],
      );
      read[`renew ${state}`] = await tuplesRead('ef_claim', () =>
        client.query({ ...RENEW, values: [...keys, numbers, 15_000] }),
      );
      read[`release ${state}`] = await tuplesRead('ef_claim', () =>
        client.query({ ...RELEASE, values: [...keys, numbers, 0] }),
      );
      read[`open ${state}`] = await tuplesRead('ef_claim', async () => {
        const answer = await client.query({ ...OPEN, values: keys });
        expect(answer.rowCount).toBe(rows === 0 ? 0 : 20);
      });
      read[`claim ${state}`] = await tuplesRead('ef_claim', async () => {
        const answer = await client.query({
          ...CLAIM,
          values: [owner, secret, ['execution', 'outbox'], PAIRS, 15_000, 0],
        });
        expect(answer.rowCount).toBe(rows === 0 ? 0 : PAIRS);
      });
      read[`enqueue ${state}`] = await tuplesRead('ef_writer', async () => {
        await client.query('RESET SESSION AUTHORIZATION');
        const { rows: admitted } = await client.query<{ tokens: string[] }>(
          token.replace('ctx.begin(array_agg(token))', 'array_agg(token) AS tokens'),
          [tenants],
        );
        await client.query('SET LOCAL SESSION AUTHORIZATION ef_writer');
        await client.query('SELECT ctx.begin($1)', [admitted[0]?.tokens]);
        await client.query({
          name: 'enqueue',
          text: 'SELECT * FROM ctx.enqueue($1, $2, $3, $4, $5)',
          values: [...keys.slice(2), ids.map(() => 0), ids.map(() => null)],
        });
        const found = await client.query<{ ended: number }>({
          name: 'end_work',
          text: `SELECT ctx.end_work(ARRAY(SELECT c.ctid FROM unnest($1::uuid[], $2::uuid[]) x (t, i)
                  CROSS JOIN LATERAL (SELECT w.ctid FROM ef.work w
                    WHERE w.tenant_id = x.t AND w.kind = 'execution' AND w.id = x.i FOR UPDATE) c)) AS ended`,
          values: [ids.map((each) => each.tenant), ids.map((each) => each.id)],
        });
        expect(found.rows).toEqual([{ ended: PAIRS }]);
      });
    });
    expect(Object.entries(read).filter(([, tuples]) => tuples > BOUND)).toEqual([]);
  }, 120_000);
});
