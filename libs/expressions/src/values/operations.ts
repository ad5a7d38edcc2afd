import type { BinaryOperator } from '../syntax/ast';
import { add, divide, multiply, remainder, subtract } from './arithmetic';
import { compare, equal } from './compare';
import type { Json } from './json';

/** Computes one value of two. */
export type Operation = (a: Json, b: Json) => Json;

/** The operators that compute one value of two. */
export const operations: Readonly<Record<BinaryOperator, Operation>> = {
  '+': add,
  '-': subtract,
  '*': multiply,
  '/': divide,
  '%': remainder,
  '==': equal,
  '!=': (a, b) => !equal(a, b),
  '<': (a, b) => compare(a, b) < 0,
  '<=': (a, b) => compare(a, b) <= 0,
  '>': (a, b) => compare(a, b) > 0,
  '>=': (a, b) => compare(a, b) >= 0,
};
