import { connectionLimits, POOL_SIZES, type RoleProcesses } from './connection-limits';
import { ROLES } from './roles';

const sum = (limits: Readonly<Record<string, number>>): number =>
  Object.values(limits).reduce((total, limit) => total + limit, 0);

const processes = (each: number): RoleProcesses =>
  Object.fromEntries(ROLES.map((role) => [role, each])) as RoleProcesses;

describe('connectionLimits', () => {
  it('gives each role the pools of its processes where the server has them', () => {
    const limits = connectionLimits(1_000, processes(3));
    for (const role of ROLES) expect(limits[role]).toBe(3 * POOL_SIZES[role]);
  });

  it.each([
    ['too many processes', 97, processes(10)],
    ['nobody knows how many', 97, undefined],
    ['a large server', 500, undefined],
  ])('leaves the others theirs, and some to operators: %s', (_case, connections, counts) => {
    const limits = connectionLimits(connections, counts);
    expect(sum(limits)).toBeLessThanOrEqual(connections - 5);
    expect(sum(limits)).toBeGreaterThan(0.8 * connections - 5);
    // One process of each service finds room for its pools.
    for (const role of ROLES) expect(limits[role]).toBeGreaterThanOrEqual(POOL_SIZES[role]);
  });

  it('leaves no role without any', () => {
    for (const limit of Object.values(connectionLimits(4, processes(2)))) expect(limit).toBe(2);
  });
});
