import { UnexpectedError } from '@easyflow/kernel-errors';

/** An exact, non-negative decimal: `units / 10^scale`. Money never passes through a binary fraction. */
export interface Decimal {
  units: bigint;
  scale: number;
}

const PATTERN = /^(\d{1,30})(?:\.(\d{1,18}))?$/;

/**
 * Reads `0.0035`.
 * @throws UnexpectedError `cost.not_a_decimal`: a price is configuration, checked when the process starts.
 */
export function parseDecimal(text: string): Decimal {
  const match = PATTERN.exec(text);
  if (!match) {
    throw new UnexpectedError(
      'cost.not_a_decimal',
      `${JSON.stringify(text)} is not a decimal; write digits with an optional fraction, such as "0.0035"`,
    );
  }
  const fraction = match[2] ?? '';
  return { units: BigInt(`${match[1]}${fraction}`), scale: fraction.length };
}

/** The shortest text of a decimal: no trailing zeros, no exponent (`0.007`, `35`, `0`). */
export function formatDecimal({ units, scale }: Decimal): string {
  const digits = units.toString().padStart(scale + 1, '0');
  const whole = digits.slice(0, digits.length - scale);
  let end = digits.length;
  while (end > digits.length - scale && digits[end - 1] === '0') end -= 1;
  const fraction = digits.slice(digits.length - scale, end);
  return fraction === '' ? whole : `${whole}.${fraction}`;
}
