import assert from 'node:assert/strict';
import { AssertionVerifier, signAssertion } from '@easyflow/tenant-context';
import type { Attack, AttackBench } from './attack-bench';

/** Replicas of the issuer: each has a memory of its own, and all have one database. */
async function replicas(bench: AttackBench, now: () => number) {
  const { core, identities } = await bench.database.issuerCore();
  const replica = () =>
    new AssertionVerifier(core.senderKeys(), {
      clock: { now },
      use: (id, expiresAt) => core.useAssertion(id, expiresAt),
    });
  return { one: replica(), other: replica(), identity: identities.gateway };
}

const OPERATION = 'authenticate';
const BODY = '{"credential":"copied"}';

async function isRefused(verified: Promise<unknown>): Promise<void> {
  const error = await verified.then(
    () => undefined,
    (thrown: unknown) => thrown as { code?: string },
  );
  assert.equal(error?.code, 'auth.invalid_credentials');
}

export const ASSERTION_ATTACKS: readonly Attack[] = [
  {
    name: 'assertion_replay_other_replica',
    run: async (bench) => {
      const { one, other, identity } = await replicas(bench, () => Date.now());
      for (const operation of [OPERATION, 'jwks', 'verify-admin']) {
        const copied = await signAssertion(identity, operation, BODY);
        assert.equal(await one.verify(copied, operation, BODY), 'gateway');
        await isRefused(other.verify(copied, operation, BODY));
        await isRefused(one.verify(copied, operation, BODY));
        const fresh = await signAssertion(identity, operation, BODY);
        assert.equal(await other.verify(fresh, operation, BODY), 'gateway');
      }
      // Two replicas at the same moment: one of them is the first.
      const raced = await signAssertion(identity, OPERATION, BODY);
      const answers = await Promise.allSettled(
        [one, other].map((replica) => replica.verify(raced, OPERATION, BODY)),
      );
      assert.equal(answers.filter(({ status }) => status === 'fulfilled').length, 1);
    },
  },
  {
    // A memory shorter than an assertion is accepted lets it in twice.
    name: 'assertion_replay_within_window',
    run: async (bench) => {
      for (const ahead of [0, 9_000]) {
        let now = Date.now();
        const { one, other, identity } = await replicas(bench, () => now);
        const copied = await signAssertion(identity, OPERATION, BODY, { now: () => now + ahead });
        assert.equal(await one.verify(copied, OPERATION, BODY), 'gateway');
        const untouched = await signAssertion(identity, OPERATION, BODY, {
          now: () => now + ahead,
        });
        for (const later of [15_000, 15_000, 9_000, 9_000, 5_000, 60_000]) {
          now += later;
          await isRefused(one.verify(copied, OPERATION, BODY));
          await isRefused(other.verify(copied, OPERATION, BODY));
        }
        await isRefused(other.verify(untouched, OPERATION, BODY));
      }
    },
  },
];
