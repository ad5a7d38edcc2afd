import fc from 'fast-check';
import { formatDecimal, parseDecimal } from './decimal';
import { PriceList } from './price-list';

describe('PriceList', () => {
  it.each([
    ['realtime', 1n, '0.004'],
    ['balanced', 2n, '0.007'],
    ['balanced', 3n, '0.0105'],
    ['eco', 1000n, '3'],
    ['eco', 0n, '0'],
    ['balanced', 9_007_199_254_740_993n, '31525197391593.4755'],
  ])('%s × %s costs %s', (mode, count, cost) => {
    expect(new PriceList().cost(mode, count)).toBe(cost);
  });

  it('takes prices from configuration', () => {
    expect(new PriceList({ eco: '1.10' }).cost('eco', 3n)).toBe('3.3');
    expect(new PriceList({ eco: '1.10' }).cost('realtime', 3n)).toBe('0');
  });

  it.each(['', '-1', '1e3', '.5', '1.', 'NaN', '0x1'])('refuses the price %j', (price) => {
    expect(() => new PriceList({ eco: price })).toThrow('is not a decimal');
  });

  it('reads back what it writes', () => {
    fc.assert(
      fc.property(fc.bigInt(0n, 10n ** 20n), fc.integer({ min: 0, max: 12 }), (units, scale) => {
        const read = parseDecimal(formatDecimal({ units, scale }));
        expect(read.units * 10n ** BigInt(scale)).toBe(units * 10n ** BigInt(read.scale));
      }),
    );
  });
});
