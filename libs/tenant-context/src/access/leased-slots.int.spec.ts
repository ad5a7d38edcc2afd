import { createTestDatabase, type TestDatabase } from '@easyflow/testing';
import type { IssuerPort } from '../issuer/issuer-port';

let database: TestDatabase;
let gateway: IssuerPort;
let executor: IssuerPort;

beforeAll(async () => {
  database = await createTestDatabase();
  gateway = await database.issuerFor('gateway');
  executor = await database.issuerFor('executor');
}, 60_000);
beforeEach(() => database.superuser('DELETE FROM ctx.slots'));
afterAll(() => database.drop());

const expire = (holder: string) =>
  database.superuser(
    `UPDATE ctx.slots SET lease_until = now() - interval '1 s' WHERE holder = $1`,
    [holder],
  );

it('hands out the lowest slot that is free, to each service its own', async () => {
  const slots = await Promise.all(
    ['a', 'b', 'c'].map((pod) => gateway.leaseSlot(`gateway-${pod}`)),
  );
  expect(slots.sort()).toEqual([0, 1, 2]);
  expect(await executor.leaseSlot('executor-a')).toBe(0);
});

it('uses the same few slots however often all pods are replaced', async () => {
  const used = new Set<number>();
  let pods = ['gateway-0a', 'gateway-0b'];
  for (const pod of pods) used.add(await gateway.leaseSlot(pod));
  for (let rollout = 1; rollout < 20; rollout += 1) {
    const next: string[] = [];
    for (const [index, old] of pods.entries()) {
      const fresh = `gateway-${rollout}${index}`;
      used.add(await gateway.leaseSlot(fresh));
      next.push(fresh);
      if (rollout % 2) await gateway.freeSlot(old);
      else await expire(old);
    }
    pods = next;
  }
  expect([...used].sort()).toEqual([0, 1, 2]);
});

it('is kept by who asks again, late too, until another process has it', async () => {
  expect(await gateway.leaseSlot('paused')).toBe(0);
  await expire('paused');
  expect(await gateway.leaseSlot('paused')).toBe(0);
  await expire('paused');
  expect(await gateway.leaseSlot('other')).toBe(0);
  expect(await gateway.leaseSlot('paused')).toBe(1);
  expect(await gateway.leaseSlot('other')).toBe(0);
});

it('a process whose slot was given on can do nothing under it', async () => {
  const access = await database.accessFor(['ef_claim']);
  const tenant = await database.createTenant();
  const [{ id }] = (await database.superuser<{ id: string }>(
    `INSERT INTO ef.work (tenant_id, kind, id, due_at) VALUES ($1, 'execution', gen_random_uuid(), now()) RETURNING id`,
    [tenant.id],
  )) as [{ id: string }];
  const slot = String(await executor.leaseSlot('paused'));
  const before = await executor.registerOwner(slot);
  const [lease] = await access.claims.claim(before, ['execution'], 1);
  expect(lease?.id).toBe(id);
  await expire('paused');
  expect(String(await executor.leaseSlot('next'))).toBe(slot);
  const after = await executor.registerOwner(slot);
  const [again] = await access.claims.claim(after, ['execution'], 1);
  expect(again).toMatchObject({ id, claimNo: (lease?.claimNo ?? 0) + 1 });
  if (!lease) throw new Error('nothing was claimed');
  await expect(access.claims.renew(before, [lease])).rejects.toThrow();
  await expect(access.claims.open(before, [lease])).rejects.toThrow();
  await expect(access.claims.claim(before, ['execution'], 1)).rejects.toThrow();
  // Under the new secret too the old claim holds nothing: its number is not the row's.
  expect(await access.claims.renew(after, [lease])).toEqual([]);
});

it('refuses a name that is none', async () => {
  await expect(gateway.leaseSlot('')).rejects.toThrow();
  await expect(gateway.leaseSlot('a b')).rejects.toThrow();
});
