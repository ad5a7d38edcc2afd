import fc from 'fast-check';
import { newId } from '@easyflow/kernel-ids';
import { ROLES } from '@easyflow/platform-database';
import {
  attempt,
  AttackBench,
  callables,
  listLiteral,
  scalars,
  SHAPES,
  type Callable,
  type Known,
  type TestDatabase,
} from '@easyflow/testing';
import type { LeaseOwner } from '../access/lease';
import { attackedDatabase } from './attacked.test';

const LEVELS = ['READ COMMITTED', 'REPEATABLE READ', 'SERIALIZABLE'] as const;
/** Data, privileges and syntax, a conflict of keys, a row named twice, a bound that is reached. Never an internal error. */
const REFUSALS = /^(21|22|23|42|53|0A)/;

const database = attackedDatabase();

/** A list or a value for each parameter: mostly lists of one length, so that calls come further than the first check. */
function argumentsOf(callable: Callable, known: Known): fc.Arbitrary<string[]> {
  return fc.integer({ min: 1, max: 4 }).chain((length) =>
    fc.tuple(
      ...callable.types.map((type) => {
        const item = (name: string) => fc.constantFrom(...scalars(name, known));
        if (!type.endsWith('[]')) return item(type);
        const size = fc.oneof({ weight: 5, arbitrary: fc.constant(length) }, fc.nat({ max: 3 }));
        const shape = fc.oneof(
          { weight: 4, arbitrary: fc.constant('flat' as const) },
          fc.constantFrom(...SHAPES),
        );
        return fc
          .tuple(size, shape)
          .chain(([n, form]) =>
            fc
              .array(item(type.slice(0, -2)), { minLength: n, maxLength: n })
              .map((items) => listLiteral(items, form)),
          );
      }),
    ),
  );
}

/** Everything of a tenant, and who holds what of it; a canary that feels anything has another. */
async function feels(
  source: TestDatabase,
  bench: AttackBench,
  victim: LeaseOwner,
): Promise<string> {
  const tables = await source.superuser<{ name: string }>(
    `SELECT format('%I.%I', n.nspname, c.relname) AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname IN ('ef', $1) AND c.relkind = 'r' AND c.relname <> 'migrations' ORDER BY 1`,
    [bench.b.schema],
  );
  const hashes = tables.map(
    ({ name }) =>
      `SELECT '${name}' AS part, coalesce(md5(string_agg(t::text, '|' ORDER BY t::text)), '') AS hash FROM ${name} t WHERE t.tenant_id = '${bench.b.id}'`,
  );
  const rest = [
    `SELECT 'placement', p::text FROM ctx.placements p WHERE p.tenant_id = '${bench.b.id}'`,
    `SELECT 'owner', o::text FROM ctx.owners o WHERE o.owner = '${victim.owner}'`,
    `SELECT 'rooms', string_agg(r::text, '|' ORDER BY r.part) FROM ctx.owner_rooms r WHERE r.owner = '${victim.owner}'`,
    `SELECT 'audit', count(*)::text FROM ctx.lease_audit a WHERE '${bench.b.id}' = ANY (a.tenants) OR a.owner = '${victim.owner}'`,
  ];
  const rows = await source.superuser(`${[...hashes, ...rest].join(' UNION ALL ')} ORDER BY 1`);
  return JSON.stringify(rows);
}

describe.each(['shared', 'schema'] as const)(
  'hostile arguments in the %s placement',
  (placement) => {
    let bench: AttackBench;
    let own: LeaseOwner;
    let victim: LeaseOwner;
    let work: { a: string; b: string };

    beforeAll(async () => {
      bench = await AttackBench.create(database(), placement);
      own = await database().registerOwner('executor');
      victim = await database().registerOwner('executor');
      work = { a: newId(), b: newId() };
      await database().superuser('DELETE FROM ef.work');
      await database().superuser(
        `INSERT INTO ef.work (tenant_id, kind, id, due_at, lease_owner, lease_until, claim_no) VALUES
         ($1, 'execution', $2, now(), NULL, NULL, 0), ($3, 'execution', $4, now(), $5, now() + interval '1 hour', 1)`,
        [bench.a.id, work.a, bench.b.id, work.b, victim.owner],
      );
    }, 60_000);

    it('are refused, and no other tenant feels them', async () => {
      const roles = ROLES.filter((role) => role !== 'ef_issuer');
      for (const callable of await callables(database(), roles)) await attack(callable);
    }, 300_000);

    it('of the issuer are refused, and tenants that it does not name feel nothing', async () => {
      for (const callable of await callables(database(), ['ef_issuer'])) await attack(callable);
    }, 300_000);

    /** What a session of the role in the tenant of the attacker may know; the issuer acts for whom it names, so it names no victim. */
    async function knownTo(callable: Callable): Promise<Known> {
      const { a, b } = bench;
      if (callable.role === 'ef_issuer') {
        return { uuids: [newId(), newId()], texts: [newId(), 'flow-registry', 'ef_api'] };
      }
      const tokens = callable.role === 'ef_claim' ? [] : [await a.token(callable.role)];
      const others = await Promise.all([a.token('ef_worker'), a.token('ef_scheduler', 5)]);
      const texts = [...tokens, ...others].map(({ token }) => token);
      return {
        uuids: [a.id, b.id, a.canary, b.canary, work.a, work.b, newId()],
        texts: [
          ...texts,
          ...texts.map((text) => text.replaceAll(a.id, b.id)),
          own.owner,
          own.secret,
          victim.owner,
          a.schema,
          b.schema,
        ],
      };
    }

    async function attack(callable: Callable): Promise<void> {
      const known = await knownTo(callable);
      const before = await feels(database(), bench, victim);
      const list = callable.types.map((type, at) => `$${at + 1}::${type}`).join(', ');
      const text = `SELECT f::text AS answer FROM ctx.${callable.name}(${list}) f`;
      const sessions = callable.role !== 'ef_claim' && callable.role !== 'ef_issuer';
      await bench.connected(callable.role, async (client) => {
        await fc.assert(
          fc.asyncProperty(
            argumentsOf(callable, known),
            fc.constantFrom(...LEVELS),
            fc.boolean(),
            async (values, level, inContext) => {
              await client.query(`BEGIN ISOLATION LEVEL ${level}`);
              if (sessions && inContext && level === 'READ COMMITTED') {
                const { token } = await bench.a.token(callable.role);
                await client.query('SELECT ctx.begin($1)', [[token]]);
              }
              const outcome = await attempt(
                client,
                text,
                values.map((value) => (value === 'NULL' ? null : value)),
              );
              if ('error' in outcome) {
                expect(`${callable.name} ${outcome.error.code}: ${outcome.error.message}`).toMatch(
                  new RegExp(`^${callable.name} ${REFUSALS.source.slice(1)}`),
                );
              } else if (sessions) {
                // Whatever was accepted, the session has no tenant but its own.
                const context = await attempt(client, 'SELECT ctx.tenants()::text AS members');
                const [row] = 'result' in context ? context.result.rows : [];
                expect([undefined, `{${bench.a.id}}`]).toContain(row?.members);
              }
              await client.query('COMMIT');
            },
          ),
          { numRuns: 60 },
        );
      });
      expect(await feels(database(), bench, victim)).toBe(before);
    }
  },
);
