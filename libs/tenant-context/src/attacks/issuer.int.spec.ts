import { ASSERTION_ATTACKS, AttackBench, TAKEOVER_ATTACKS } from '@easyflow/testing';
import { OperationalError } from '@easyflow/kernel-errors';
import { AssertionVerifier, signAssertion } from '../issuer/workload-assertion';
import { attackedDatabase } from './attacked.test';

const database = attackedDatabase();
let bench: AttackBench;

beforeAll(async () => {
  bench = await AttackBench.create(database(), 'shared');
}, 60_000);

describe('assertions of workloads', () => {
  it.each(ASSERTION_ATTACKS.map((attack) => [attack.name, attack] as const))(
    '%s',
    (_name, attack) => attack.run(bench),
    60_000,
  );

  it('are not believed while nobody can say whether they were used; public keys are told', async () => {
    const { core, identities } = await database().issuerCore();
    const verifier = new AssertionVerifier(core.senderKeys(), {
      clock: core.clock,
      use: () => Promise.reject(new OperationalError('issuer.unavailable', 'down')),
    });
    const verify = async (operation: string) =>
      verifier.verify(await signAssertion(identities.gateway, operation, '{}'), operation, '{}');
    await expect(verify('authenticate')).rejects.toMatchObject({ code: 'issuer.unavailable' });
    await expect(verify('jwks')).resolves.toBe('gateway');
  });

  it('leave no rows behind when they have expired', async () => {
    await database().superuser(
      `INSERT INTO ctx.used_assertions SELECT gen_random_uuid(), now() - interval '1 second' FROM generate_series(1, 6)`,
    );
    const { core } = await database().issuerCore();
    for (let n = 0; n < 2; n += 1) {
      await core.useAssertion(crypto.randomUUID(), new Date(Date.now() + 60_000));
    }
    const [row] = await database().superuser<{ expired: number }>(
      'SELECT count(*)::int AS expired FROM ctx.used_assertions WHERE expires_at < now()',
    );
    expect(row?.expired).toBe(0);
  });
});

it.each(TAKEOVER_ATTACKS.map((attack) => [attack.name, attack] as const))(
  '%s',
  (_name, attack) => attack.run(bench),
  60_000,
);

/** A mutant of what stands against replays: roles and tables stay as they are. */
it('a broken memory of assertions is seen', async () => {
  await database().superuser(`
    DO $do$ DECLARE source text := pg_get_functiondef('ctx.use_assertion(uuid, timestamptz)'::regprocedure); BEGIN
      IF strpos(source, 'RETURN FOUND') = 0 THEN RAISE 'nothing to replace'; END IF;
      EXECUTE replace(source, 'RETURN FOUND', 'RETURN true');
    END $do$`);
  for (const attack of ASSERTION_ATTACKS) {
    await expect(attack.run(bench)).rejects.toThrow();
  }
});

it('an owner whose old secret is still believed is seen', async () => {
  await database().superuser(`
    DO $do$ DECLARE source text := pg_get_functiondef('ctx.register_owner(text, text, text[], text[])'::regprocedure); BEGIN
      IF strpos(source, 'SET secret_hash = excluded.secret_hash,') = 0 THEN RAISE 'nothing to replace'; END IF;
      EXECUTE replace(source, 'SET secret_hash = excluded.secret_hash,', 'SET');
    END $do$`);
  for (const attack of TAKEOVER_ATTACKS) await expect(attack.run(bench)).rejects.toThrow();
});
