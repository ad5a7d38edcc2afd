// Random jq programs and inputs, from a grammar. The same seed gives the same cases.
import { binding, definition, label, loop } from './bindings.mjs';
import { nullary, withFilter, withString } from './builtins.mjs';
import { path, update, withPaths } from './paths.mjs';
import { Random } from './random.mjs';
import { regex } from './regexes.mjs';
import { withNumbers } from './sequences.mjs';
import { binary, conditional, flat, object } from './syntax.mjs';
import { interpolation, withTexts } from './texts.mjs';
import { computed, input, names, numbers, strings, value } from './values.mjs';

/** Forms with parts in them: each is (writer, depth of the parts, scope) → text. */
const forms = [
  (writer, _, scope) => writer.leaf(scope),
  path,
  path,
  (writer, depth, scope) =>
    `(${writer.expression(depth, scope)} | ${writer.expression(depth, scope)})`,
  (writer, depth, scope) =>
    `(${writer.expression(depth, scope)} | ${writer.expression(depth, scope)})`,
  (writer, depth, scope) =>
    `(${writer.expression(depth, scope)}, ${writer.expression(depth, scope)})`,
  (writer, depth, scope) => `[${writer.expression(depth, scope)}]`,
  (writer, depth, scope) => `[.[]? | ${writer.expression(depth, scope)}]`,
  (writer, depth, scope) => `(try ${writer.term(depth, scope)} catch ${writer.term(depth, scope)})`,
  (writer, depth, scope) => `(${writer.expression(depth, scope)})?`,
  (writer, depth, scope) => `(-${writer.term(depth, scope)})`,
  (writer, depth, scope) => `${writer.random.pick(withFilter)}(${writer.expression(depth, scope)})`,
  (writer, depth, scope) => `${writer.random.pick(withFilter)}(${writer.expression(depth, scope)})`,
  (writer) => `${writer.random.pick(withString)}(${writer.string()})`,
  binary,
  binary,
  flat,
  object,
  interpolation,
  conditional,
  regex,
  update,
  binding,
  loop,
  definition,
  label,
  withNumbers,
  withPaths,
  withTexts,
];

/** Writes one program. A scope has the names that are in it: variables, functions, labels. */
class Writer {
  constructor(random) {
    this.random = random;
    this.count = 0;
  }

  expression(depth, scope) {
    return depth <= 0 ? this.leaf(scope) : this.random.pick(forms)(this, depth - 1, scope);
  }

  term(depth, scope) {
    return `(${this.expression(depth, scope)})`;
  }

  string() {
    return JSON.stringify(this.random.pick(strings));
  }

  literal() {
    const { random } = this;
    return random.pick([
      () => 'null',
      () => random.pick(['true', 'false']),
      () => String(random.pick(numbers)),
      () => random.pick(random.chance(0.2) ? computed : numbers.map(String)),
      () => this.string(),
      () => '[]',
      () => '{}',
      () => JSON.stringify(value(random, 1)),
    ])();
  }

  leaf(scope) {
    const { random } = this;
    const leaves = [
      () => '.',
      () => '.',
      () => `.${random.pick(names)}`,
      () => `.[${random.pick(['0', '1', '-1', '2'])}]`,
      () => this.literal(),
      () => this.literal(),
      () => random.pick(nullary),
      () => random.pick(nullary),
      () => '.[]',
      () => '.[]?',
      () => '..',
    ];
    if (scope.variables.length > 0) {
      leaves.push(
        () => `$${random.pick(scope.variables)}`,
        () => `$${random.pick(scope.variables)}`,
      );
    }
    if (scope.functions.length > 0) leaves.push(() => random.pick(scope.functions));
    if (scope.labels.length > 0) leaves.push(() => `break $${random.pick(scope.labels)}`);
    return random.pick(leaves)();
  }

  /** A name that is not used yet. */
  fresh(prefix) {
    this.count += 1;
    return `${prefix}${this.count}`;
  }
}

/** The case of a seed. */
export function caseOf(seed) {
  const random = new Random(seed);
  const writer = new Writer(random);
  const scope = { variables: [], functions: [], labels: [] };
  const body = writer.expression(1 + random.below(4), scope);
  return { seed, program: `limit(25; ${body})`, input: input(random) };
}
