import { startMeter } from '../run/meter';
import { brief } from '../values/print';
import { kindOf } from '../values/json';
import type { Ast, BinaryOperator } from './ast';

const arithmetic: Readonly<Partial<Record<BinaryOperator, (a: number, b: number) => number>>> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
};

/** A binary operation; of two number literals its value, as jq does. */
export function foldBinary(operator: BinaryOperator, left: Ast, right: Ast, at: number): Ast {
  const fold = arithmetic[operator];
  if (
    fold !== undefined &&
    left.kind === 'literal' &&
    right.kind === 'literal' &&
    typeof left.value === 'number' &&
    typeof right.value === 'number'
  ) {
    return { kind: 'literal', value: fold(left.value, right.value), at };
  }
  return { kind: 'binary', operator, left, right, at };
}

/** jq's complaint about a constant object key that is no string. */
export function keyComplaint(key: Ast): string | undefined {
  if (key.kind !== 'literal' || typeof key.value === 'string') return undefined;
  startMeter(undefined);
  return `Cannot use ${kindOf(key.value)} (${brief(key.value)}) as object key`;
}
