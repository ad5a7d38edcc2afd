import { formatDecimal, parseDecimal, type Decimal } from './decimal';

/** US dollars an execution, by mode, as decimal texts. The values are configuration; these are the defaults. */
export const defaultPrices: Readonly<Record<string, string>> = {
  realtime: '0.004',
  balanced: '0.0035',
  eco: '0.003',
};

/** What executions cost. Exact: integer arithmetic on scaled units, whatever the count. */
export class PriceList {
  readonly #prices: ReadonlyMap<string, Decimal>;

  /** @throws UnexpectedError `cost.not_a_decimal` for a price that is not a decimal text. */
  constructor(prices: Readonly<Record<string, string>> = defaultPrices) {
    this.#prices = new Map(
      Object.entries(prices).map(([mode, price]) => [mode, parseDecimal(price)]),
    );
  }

  /** `count × price` of the mode in US dollars as a decimal text; a mode without a price costs nothing. */
  cost(mode: string, count: bigint): string {
    const price = this.#prices.get(mode);
    if (!price) return '0';
    return formatDecimal({ units: price.units * count, scale: price.scale });
  }
}
