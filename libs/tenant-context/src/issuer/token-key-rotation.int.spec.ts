import { createTestDatabase, waitFor, type TestDatabase, type TestTenant } from '@easyflow/testing';
import type { DatabaseAccess } from '../access/database-access';
import { TokenKeyRotation } from './token-key-rotation';

const HOUR = 3_600_000;
let database: TestDatabase;
let issuer: DatabaseAccess;
let tenant: TestTenant;

beforeAll(async () => {
  database = await createTestDatabase();
  issuer = await database.accessFor(['ef_issuer']);
  tenant = await database.createTenant();
}, 60_000);
afterAll(() => database.drop());

interface Key {
  kid: string;
  retired_at: Date | null;
}
const keys = () =>
  database.superuser<Key & Record<string, unknown>>(
    "SELECT kid, retired_at FROM ctx.keys WHERE purpose = 'token' ORDER BY created_at",
  );
const age = (interval: string) =>
  database.superuser(`UPDATE ctx.keys SET created_at = created_at - interval '${interval}'`);
const signer = async () => (await tenant.token('ef_api')).token.split('.')[0];

it('replaces a key that is old enough, once for all replicas', async () => {
  const before = await keys();
  expect(await issuer.issuance.rotateDueTokenKey(24 * HOUR)).toBe(false);
  await age('25 hours');
  const replicas = await Promise.all(
    Array.from({ length: 4 }, () => issuer.issuance.rotateDueTokenKey(24 * HOUR)),
  );
  expect(replicas.filter(Boolean)).toHaveLength(1);
  const after = await keys();
  expect(after).toHaveLength(before.length + 1);
  expect(await signer()).toBe(after.at(-1)?.kid);
  // Twice the longest life of a token.
  const left = (after.at(-2)?.retired_at?.getTime() ?? 0) - Date.now();
  expect(left).toBeGreaterThan(100_000);
  expect(left).toBeLessThanOrEqual(121_000);
});

it('removes keys that were retired an hour ago, and no other', async () => {
  await issuer.issuance.rotateTokenKey();
  const [first, second] = await keys();
  await database.superuser(
    "UPDATE ctx.keys SET retired_at = now() - CASE kid WHEN $1 THEN interval '61 minutes' ELSE interval '59 minutes' END WHERE kid IN ($1, $2)",
    [first?.kid, second?.kid],
  );
  expect(await issuer.issuance.rotateDueTokenKey(24 * HOUR)).toBe(false);
  const left = (await keys()).map(({ kid }) => kid);
  expect(left).not.toContain(first?.kid);
  expect(left).toContain(second?.kid);
  expect(await database.superuser("SELECT 1 FROM ctx.keys WHERE purpose = 'context'")).toHaveLength(
    1,
  );
});

it('is looked after by every issuer from its start on', async () => {
  await age('25 hours');
  const before = await signer();
  const logger = { info: jest.fn(), warn: jest.fn() };
  const replicas = [1, 2].map(() =>
    new TokenKeyRotation({ issuance: issuer.issuance, everyMs: 24 * HOUR, logger }).start(),
  );
  await waitFor(async () => (await signer()) !== before, { describe: 'a new key' });
  for (const replica of replicas) await replica.close();
  expect(logger.info).toHaveBeenCalledTimes(1);
  expect(logger.warn).not.toHaveBeenCalled();
});

it('goes on when the database is down', async () => {
  const rotateDueTokenKey = jest.fn(() => Promise.reject(new Error('down')));
  const logger = { info: jest.fn(), warn: jest.fn() };
  const rotation = new TokenKeyRotation({ issuance: { rotateDueTokenKey }, everyMs: 8, logger });
  rotation.start();
  await waitFor(() => rotateDueTokenKey.mock.calls.length > 2, { describe: 'further attempts' });
  await rotation.close();
  expect(logger.info).not.toHaveBeenCalled();
});
