import type { Ast, BinaryOperator, UpdateOperator } from './ast';
import { foldBinary } from './fold';
import type { Token } from './lexer';

type Side = 'left' | 'right' | 'none';

/** The binary operators and their associativity, the weakest first. */
const levels: readonly (readonly [operators: string, side: Side])[] = [
  ['//', 'right'],
  ['= |= += -= *= /= %= //=', 'none'],
  ['or', 'left'],
  ['and', 'left'],
  ['!= == < > <= >=', 'none'],
  ['+ -', 'left'],
  ['* / %', 'left'],
];

const strengths = new Map<string, readonly [strength: number, side: Side]>(
  levels.flatMap(([operators, side], i) =>
    operators.split(' ').map((operator) => [operator, [i + 1, side]] as const),
  ),
);

/** The strength of the operator that a token is, if it is one, and its associativity. */
export function strengthOf(token: Token): readonly [number, Side] | undefined {
  const isOperator = token.kind === 'op' || token.kind === 'keyword';
  return isOperator ? strengths.get(token.value) : undefined;
}

const isUpdate = /^[-+*/%]+=$/;

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
    default:
      if (isUpdate.test(operator)) {
        const own = operator.slice(0, -1) as UpdateOperator;
        return { kind: 'update', operator: own, left, right, at };
      }
      return foldBinary(operator as BinaryOperator, left, right, at);
  }
}
