import type { Ast, BinaryOperator, UpdateOperator } from './ast';
import { foldBinary } from './fold';
import type { Token } from './lexer';

/** Binding strength and associativity of the binary operators, weakest first. */
const strengths: Readonly<Record<string, readonly [number, 'left' | 'right' | 'none']>> = {
  '//': [1, 'right'],
  '=': [2, 'none'],
  '|=': [2, 'none'],
  '+=': [2, 'none'],
  '-=': [2, 'none'],
  '*=': [2, 'none'],
  '/=': [2, 'none'],
  '%=': [2, 'none'],
  '//=': [2, 'none'],
  or: [3, 'left'],
  and: [4, 'left'],
  '!=': [5, 'none'],
  '==': [5, 'none'],
  '<': [5, 'none'],
  '>': [5, 'none'],
  '<=': [5, 'none'],
  '>=': [5, 'none'],
  '+': [6, 'left'],
  '-': [6, 'left'],
  '*': [7, 'left'],
  '/': [7, 'left'],
  '%': [7, 'left'],
};

/** The strength of the operator that a token is, if it is one. */
export function strengthOf(token: Token): readonly [number, 'left' | 'right' | 'none'] | undefined {
  const isOperator = token.kind === 'op' || token.kind === 'keyword';
  return isOperator && Object.hasOwn(strengths, token.value) ? strengths[token.value] : undefined;
}

/** The tree of an operator between two operands. */
export function operationOf(token: Token, left: Ast, right: Ast): Ast {
  const operator = token.value;
  const at = token.start;
  switch (operator) {
    case '//':
      return { kind: 'alternative', left, right, at };
    case 'and':
    case 'or':
      return { kind: 'logic', operator, left, right, at };
    case '=':
      return { kind: 'assign', left, right, at };
    case '|=':
      return { kind: 'modify', left, right, at };
    case '+=':
    case '-=':
    case '*=':
    case '/=':
    case '%=':
    case '//=':
      return {
        kind: 'update',
        operator: operator.slice(0, -1) as UpdateOperator,
        left,
        right,
        at,
      };
    default:
      return foldBinary(operator as BinaryOperator, left, right, at);
  }
}
