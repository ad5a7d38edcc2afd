export { formatDecimal, parseDecimal, type Decimal } from './decimal';
export { PriceList, defaultPrices } from './price-list';
