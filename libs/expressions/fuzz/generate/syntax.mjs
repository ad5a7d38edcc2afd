import { names } from './values.mjs';

const operators = ['+', '-', '*', '/', '%', '==', '!=', '<', '<=', '>', '>=', 'and', 'or', '//'];
const loose = [...operators, '|', ',', '=', '|=', '+=', '//=', '|', ',', '+', '-', '//'];

/** Two operands of an operator, in parentheses. */
export function binary(writer, depth, scope) {
  const operator = writer.random.pick(operators);
  return `(${writer.expression(depth, scope)} ${operator} ${writer.expression(depth, scope)})`;
}

/** Operators without parentheses: what binds tighter, and what may not stand side by side. */
export function flat(writer, depth, scope) {
  const { random } = writer;
  const operands = random.some(2, 4, () =>
    random.pick([
      () => writer.leaf(scope),
      () => writer.leaf(scope),
      () => `-${random.pick(['1', '.', '.a', '(1)'])}`,
      () => `try ${writer.leaf(scope)}`,
      () =>
        `${random.pick(['.a', '.', '[1,2]', '"abc"', '{a: 1}'])}${random.pick(['?', '[]', '[0]', '[1:]', '.a', '."a"', '[]?', '??', '.[0]', '| .'])}`,
      () => `if . then 1 end`,
      () => `reduce .[]? as $z (0; . + 1)`,
      () => `. as $z | $z`,
      () => `def z: 1; z`,
      () => `label $z | 1`,
      () => `@base64 "x"`,
      () => `..`,
    ])(),
  );
  let text = operands[0];
  for (const operand of operands.slice(1)) text += ` ${random.pick(loose)} ${operand}`;
  return `(${text})`;
}

/** `{…}` */
export function object(writer, depth, scope) {
  const { random } = writer;
  const name = () => random.pick(names);
  const variable = () =>
    scope.variables.length > 0 ? `$${random.pick(scope.variables)}` : '$__loc__';
  const inside = () => writer.expression(Math.min(depth, 1), scope);
  const entries = random.some(0, 3, () =>
    random.pick([
      name,
      () => `${name()}: ${writer.term(depth, scope)}`,
      () => `"${name()}": ${writer.term(depth, scope)}`,
      () => `(${inside()}): ${writer.term(depth, scope)}`,
      () => `"k\\(${inside()})": 1`,
      () => `"k\\(${inside()})"`,
      () => `"${name()}"`,
      () => `@base64 "x\\(1)": 2`,
      variable,
      () => `${variable()}: 1`,
      () => `${random.pick(['if', 'and', 'def', 'reduce', '__loc__', '__proto__'])}: 1`,
      () => `${name()}: .`,
      () => `${name()}: 1 | 2`,
      () => `${name()}: -1`,
      () => `${name()}: .a? // 1`,
      () => `1: 2`,
      () => `(1, "a"): 2`,
    ])(),
  );
  return `{${entries.join(', ')}}`;
}

/** `if` in its forms */
export function conditional(writer, depth, scope) {
  const { random } = writer;
  const part = () => writer.expression(depth, scope);
  const elif = random.chance(0.2) ? ` elif ${part()} then ${part()}` : '';
  const otherwise = random.chance(0.7) ? ` else ${part()}` : '';
  return `(if ${part()} then ${part()}${elif}${otherwise} end)`;
}
