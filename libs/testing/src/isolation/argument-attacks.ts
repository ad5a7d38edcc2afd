import assert from 'node:assert/strict';
import type { Client } from 'pg';
import { newId } from '@easyflow/kernel-ids';
import { attempt, refused, works, type Attack, type AttackBench } from './attack-bench';
import { CLAIM, claimOf, dueWork, OPEN } from './lease-statements';

const EXECUTIONS = 'SELECT tenant_id, input FROM executions';
const ENQUEUE =
  'SELECT * FROM ctx.enqueue($1::uuid[], $2::text[], $3::uuid[], $4::smallint[], $5::timestamptz[], $6, $7)';
const RENEW = 'SELECT * FROM ctx.renew($1, $2, $3::uuid[], $4::text[], $5::uuid[], $6::int[])';
const RELEASE =
  'SELECT * FROM ctx.release($1, $2, $3::uuid[], $4::text[], $5::uuid[], $6::int[]) r WHERE r > 0';

/** A list in the shapes that array functions tell apart, as literals. */
function shapes(items: readonly (string | number)[]): Record<string, string> {
  const quoted = items.map((item) => `"${item}"`);
  const [list, rest] = [quoted.join(','), quoted.slice(1)];
  return {
    nested: `{{${list}}}`,
    'nested twice': `{{{${list}}}}`,
    'from zero': `[0:${items.length - 1}]={${list}}`,
    'from two': `[2:${items.length + 1}]={${list}}`,
    'with a NULL': `{${[...rest, 'NULL'].join(',')}}`,
    'too short': `{${rest.join(',')}}`,
  };
}

/** Asserts that the call is refused with each list in turn in each shape, and accepted with all of them flat. */
async function refusesShapes(
  client: Client,
  text: string,
  before: readonly unknown[],
  lists: readonly (readonly (string | number)[])[],
  after: readonly unknown[] = [],
): Promise<void> {
  const flat = lists.map((items) => [...items]);
  for (const [at, items] of lists.entries()) {
    for (const [shape, literal] of Object.entries(shapes(items))) {
      const values = flat.map((each, index) => (index === at ? literal : each));
      const outcome = await attempt(client, text, [...before, ...values, ...after]);
      assert.ok('error' in outcome, `${text}: list ${at + 1} ${shape} was accepted`);
      assert.match(outcome.error.code ?? '', /^(22|42)/, `${text}: list ${at + 1} ${shape}`);
    }
  }
  const all = lists.map((items) => shapes(items)['nested']);
  if (lists.length > 1) {
    const outcome = await attempt(client, text, [...before, ...all, ...after]);
    assert.ok('error' in outcome, `${text}: nested lists were accepted`);
  }
  await works(client, text, [...before, ...flat, ...after]);
}

async function begin(client: Client, tokens: unknown): Promise<void> {
  await client.query('SELECT ctx.begin($1::text[])', [tokens]);
}

/** A token with a right signature over whatever it says: what whoever stole a key could make, or a bug in minting. */
async function signed(bench: AttackBench, expires: string | undefined): Promise<string> {
  const [row] = await bench.database.superuser<{ token: string }>(
    `SELECT s.text || '~' || encode(sha256(k.opad || sha256(k.ipad || convert_to(s.text, 'UTF8'))), 'hex') AS token
       FROM (SELECT * FROM ctx.keys y WHERE y.purpose = 'token' AND y.retired_at IS NULL ORDER BY y.created_at DESC LIMIT 1) k
       JOIN ctx.placements p ON p.tenant_id = $1
      CROSS JOIN LATERAL (SELECT concat_ws('.', k.kid, p.tenant_id, 'ef_api', 'test', p.epoch, $2::text) AS text) s`,
    [bench.b.id, expires],
  );
  return row?.token ?? '';
}

/** What a caller hands over is measured before anything is done with it. */
export const ARGUMENT_ATTACKS: readonly Attack[] = [
  {
    // array_length(x, 1) is 1 of a nested list whatever it holds.
    name: 'array_shapes',
    run: async (bench) => {
      for (const role of ['ef_writer', 'ef_api', 'ef_registry'] as const) {
        const own = (await bench.a.token(role)).token;
        const other = (await bench.b.token(role)).token;
        await bench.connected(role, async (client) => {
          for (const literal of [
            `{{${own},${other}}}`,
            `{{${own}},{${other}}}`,
            `[0:0]={${own}}`,
            `[2:2]={${own}}`,
            `{${own},NULL}`,
            `{{${Array.from({ length: 101 }, () => own).join(',')}}}`,
          ]) {
            await client.query('BEGIN');
            await refused(client, 'SELECT ctx.begin($1::text[])', [literal]);
            await client.query('ROLLBACK');
          }
          await client.query('BEGIN');
          await begin(client, [own]);
          await client.query('ROLLBACK');
        });
      }
      const owner = await bench.database.registerOwner('executor');
      const audits = () =>
        bench.database.superuser('SELECT 1 FROM ctx.lease_audit WHERE owner = $1', [owner.owner]);
      const work = [
        [bench.a.id, bench.a.id],
        ['execution', 'execution'],
        [newId(), newId()],
        [0, 0],
        ['2020-01-01', '2020-01-01'],
      ] as const;
      await bench.inside('ef_writer', [bench.a], async (client) => {
        const unleased = work.slice(0, 4);
        await refusesShapes(client, ENQUEUE, [], unleased, [[null, null], null, null]);
        await refusesShapes(client, ENQUEUE, [], unleased, [
          [null, null],
          owner.owner,
          owner.secret,
        ]);
        // A time may be NULL, so only its shape counts.
        for (const shape of ['nested', 'from zero', 'from two', 'too short'] as const) {
          const times = shapes(work[4])[shape];
          await refused(client, ENQUEUE, [...work.slice(0, 4), times, null, null], '22023');
        }
        const many = Array.from({ length: 600 }, () => newId());
        const nested = (items: readonly (string | number)[]) => shapes(items)['nested'];
        await refused(
          client,
          ENQUEUE,
          [
            nested(many.map(() => bench.a.id)),
            nested(many.map(() => 'execution')),
            nested(many),
            nested(many.map(() => 0)),
            nested(many.map(() => '2020-01-01')),
            owner.owner,
            owner.secret,
          ],
          '22023',
        );
      });
      assert.deepEqual(await audits(), [], 'a refused call has leased');

      const ids = await dueWork(bench, bench.a, 2);
      await bench.connected('ef_claim', async (client) => {
        const [name, secret] = [owner.owner, owner.secret];
        for (const literal of ['{{execution}}', '[0:0]={execution}', '{execution,NULL}']) {
          const outcome = await attempt(client, CLAIM, [name, secret, literal, 10, 1000]);
          assert.ok('error' in outcome, `claimed ${literal}`);
        }
        assert.deepEqual(await audits(), []);
        await works(client, CLAIM, claimOf(owner));
        const keys = [ids.map(() => bench.a.id), ids.map(() => 'execution'), ids];
        await refusesShapes(client, OPEN, [name, secret], keys);
        await refusesShapes(client, RENEW, [name, secret], [...keys, ids.map(() => 1)]);
        await refusesShapes(client, RELEASE, [name, secret], [...keys, ids.map(() => 1)]);
      });
      await bench.connected('ef_issuer', async (client) => {
        for (const literal of ['{{ef_api}}', '[0:0]={ef_api}', '{ef_api,NULL}', null]) {
          const text = `SELECT * FROM ctx.mint($1, $2::text[], 'test', 1000)`;
          const outcome = await attempt(client, text, [bench.a.id, literal]);
          assert.ok('error' in outcome, `minted ${literal}`);
          await works(client, text, [bench.a.id, ['ef_api']]);
          const register = `SELECT ctx.register_owner('executor.shapes', 'executor', $1::text[], $2::text[])`;
          for (const values of [
            [literal?.replaceAll('ef_api', 'execution') ?? null, ['ef_worker']],
            [['execution'], literal?.replaceAll('ef_api', 'ef_worker') ?? null],
          ]) {
            const registered = await attempt(client, register, values);
            assert.ok(
              'error' in registered,
              `registered ${String(values[0])} ${String(values[1])}`,
            );
          }
        }
      });
    },
  },
  {
    name: 'token_life',
    run: async (bench) => {
      const now = Date.now();
      const forEver = [
        undefined,
        '',
        String(now + 120_000),
        String(now + 10 * 365 * 86_400_000),
        '9223372036854775807',
        '99999999999999999999',
        'infinity',
        'NaN',
        '1e18',
      ];
      await bench.connected('ef_api', async (client) => {
        for (const expires of forEver) {
          const token = await signed(bench, expires);
          await client.query('BEGIN');
          const outcome = await attempt(client, 'SELECT ctx.begin($1)', [[token]]);
          assert.ok('error' in outcome, `a token was admitted until ${expires}`);
          assert.match(outcome.error.code ?? '', /^(22|42)/);
          await refused(client, EXECUTIONS);
          await client.query('ROLLBACK');
        }
        await client.query('BEGIN');
        await begin(client, [await signed(bench, String(Date.now() + 30_000))]);
        await works(client, EXECUTIONS);
      });
      await bench.connected('ef_issuer', async (client) => {
        const mint = 'SELECT * FROM ctx.mint($1, $2::text[], $3, $4)';
        for (const values of [
          [['ef_api'], 'test', null],
          [['ef_api'], 'test', 60_001],
          [['ef_api'], 'test', 0],
          [['ef_api'], 'test', -1],
          [['ef_api'], null, 1_000],
          [['ef_api'], 'a.b', 1_000],
          [null, 'test', 1_000],
        ]) {
          const outcome = await attempt(client, mint, [bench.b.id, ...values]);
          assert.ok('error' in outcome, `minted ${JSON.stringify(values)}`);
          assert.match(outcome.error.code ?? '', /^(22|42)/);
        }
        await works(client, mint, [bench.b.id, ['ef_api'], 'test', 60_000]);
      });
    },
  },
];
