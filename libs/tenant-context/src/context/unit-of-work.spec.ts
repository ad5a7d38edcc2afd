import { currentTenant, insideTenant, outsideTenant, runInTenant } from './unit-of-work';

describe('the unit of work', () => {
  it('has one tenant, which survives awaiting', async () => {
    const seen = await Promise.all(
      Array.from({ length: 200 }, (_, index) =>
        runInTenant(`t${index}`, async () => {
          await new Promise(setImmediate);
          return currentTenant();
        }),
      ),
    );
    expect(seen).toEqual(seen.map((_, index) => `t${index}`));
  });

  it('throws for a second tenant, and allows the same one again', () => {
    runInTenant('a', () => {
      expect(runInTenant('a', currentTenant)).toBe('a');
      expect(() => runInTenant('b', currentTenant)).toThrow(/second tenant/);
      expect(currentTenant()).toBe('a');
    });
  });

  it('throws outside, and can be left for work of many tenants', () => {
    expect(() => currentTenant()).toThrow(/No tenant/);
    runInTenant('a', () => {
      outsideTenant(() => expect(insideTenant()).toBe(false));
      expect(insideTenant()).toBe(true);
    });
  });
});
