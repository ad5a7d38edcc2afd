import { startMeter } from '../run/meter';
import { compare, equal } from '../values/compare';
import { brief } from '../values/print';
import { kindOf, type Json, type JsonObject } from '../values/json';
import { put } from '../values/object';
import type { Ast, BinaryOperator } from './ast';

const arithmetic: Readonly<Partial<Record<BinaryOperator, (a: number, b: number) => number>>> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
};

const comparisons: Readonly<Partial<Record<BinaryOperator, (a: Json, b: Json) => boolean>>> = {
  '==': equal,
  '!=': (a, b) => !equal(a, b),
  '<': (a, b) => compare(a, b) < 0,
  '<=': (a, b) => compare(a, b) <= 0,
  '>': (a, b) => compare(a, b) > 0,
  '>=': (a, b) => compare(a, b) >= 0,
};

/** A binary operation; of two constants its value, as jq does where that cannot fail or grow. */
export function foldBinary(operator: BinaryOperator, left: Ast, right: Ast, at: number): Ast {
  const a = constantOf(left);
  const b = constantOf(right);
  const unfolded: Ast = { kind: 'binary', operator, left, right, at };
  if (a === undefined || b === undefined) return unfolded;
  const compute = arithmetic[operator];
  if (compute !== undefined && typeof a === 'number' && typeof b === 'number') {
    if (operator === '/' && b === 0) return unfolded;
    return { kind: 'literal', value: compute(a, b), at };
  }
  const check = comparisons[operator];
  if (check === undefined) return unfolded;
  startMeter(undefined);
  return { kind: 'literal', value: check(a, b), at };
}

/** The values of constants with commas between them. */
function constantList(ast: Ast): Json[] | undefined {
  if (ast.kind !== 'comma') {
    const value = constantOf(ast);
    return value === undefined ? undefined : [value];
  }
  const left = constantList(ast.left);
  const right = left === undefined ? undefined : constantList(ast.right);
  return left === undefined || right === undefined ? undefined : [...left, ...right];
}

/** The value of an object construction or array of constants, as far as jq works it out. */
/** The value of a constant; undefined: it is none. */
export function constantOf(ast: Ast): Json | undefined {
  if (ast.kind === 'literal') return ast.value;
  if (ast.kind === 'array') {
    return ast.body === undefined ? [] : constantList(ast.body);
  }
  if (ast.kind === 'define') return constantOf(ast.body);
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
