import { startMeter } from '../run/meter';
import { brief } from '../values/print';
import { kindOf, type Json, type JsonObject } from '../values/json';
import { put } from '../values/object';
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

/** The value of an object construction or array of constants, as far as jq works it out. */
function constantOf(ast: Ast): Json | undefined {
  if (ast.kind === 'literal') return ast.value;
  if (ast.kind === 'array') {
    const { body } = ast;
    if (body === undefined) return [];
    const element = constantOf(body);
    return element === undefined ? undefined : [element];
  }
  if (ast.kind === 'pipe') {
    if (ast.left.kind === 'identity') return constantOf(ast.right);
    return ast.right.kind === 'identity' ? constantOf(ast.left) : undefined;
  }
  if (ast.kind !== 'object') return undefined;
  const object: JsonObject = {};
  for (const entry of ast.entries) {
    const key = constantOf(entry.key);
    const value = entry.value === undefined ? undefined : constantOf(entry.value);
    if (typeof key !== 'string' || value === undefined) return undefined;
    put(object, key, value);
  }
  return object;
}

/** jq's complaint about a constant object key that is no string. */
export function keyComplaint(key: Ast): string | undefined {
  const value = constantOf(key);
  if (value === undefined || typeof value === 'string') return undefined;
  startMeter(undefined);
  return `Cannot use ${kindOf(value)} (${brief(value)}) as object key`;
}
