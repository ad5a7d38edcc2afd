import { Failure, LimitReached } from '../run/failure';
import { aside, type Limits } from '../run/meter';
import { keyComplaint } from '../run/raise';
import type { Json, JsonObject } from '../values/json';
import { put } from '../values/object';
import { operations } from '../values/operations';
import type { Ast, BinaryOperator } from './ast';

/** Enough for what anybody writes out; what is larger is left to the evaluation. */
const budget: Limits = { steps: 10_000, bytes: 65_536 };

/** A binary operation; of two constants its value, as jq works it out where that cannot fail. */
export function foldBinary(operator: BinaryOperator, left: Ast, right: Ast, at: number): Ast {
  const a = constantOf(left);
  const b = constantOf(right);
  if (a !== undefined && b !== undefined) {
    try {
      return { kind: 'literal', value: aside(budget, () => operations[operator](a, b)), at };
    } catch (error) {
      if (!(error instanceof Failure || error instanceof LimitReached)) throw error;
    }
  }
  return { kind: 'binary', operator, left, right, at };
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
export function complaintOf(key: Ast): string | undefined {
  const value = constantOf(key);
  if (value === undefined || typeof value === 'string') return undefined;
  return aside(budget, () => keyComplaint(value));
}
