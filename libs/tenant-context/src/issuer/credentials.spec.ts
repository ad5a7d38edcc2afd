import { hashPassword, verifyPassword } from './credentials';

describe('passwords', () => {
  it('are verified against what is stored of them, and against nothing never', async () => {
    const stored = await hashPassword('correct horse');
    expect(stored).not.toContain('correct');
    expect(await verifyPassword('correct horse', stored)).toBe(true);
    expect(await verifyPassword('wrong horse', stored)).toBe(false);
    expect(await verifyPassword('correct horse', undefined)).toBe(false);
  });

  it('leave the event loop free, two at a time, and are refused when too many wait', async () => {
    let turns = 0;
    const ticking = setInterval(() => (turns += 1), 1);
    const results = await Promise.allSettled(
      Array.from({ length: 103 }, () => verifyPassword('x', undefined)),
    );
    clearInterval(ticking);
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(102);
    expect(results.filter(({ status }) => status === 'rejected')).toEqual([
      { status: 'rejected', reason: expect.objectContaining({ code: 'issuer.unavailable' }) },
    ]);
    expect(turns).toBeGreaterThan(10);
  }, 120_000);
});
