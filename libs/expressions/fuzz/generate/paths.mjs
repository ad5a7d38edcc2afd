import { names, keys } from './values.mjs';

const updates = ['=', '|=', '+=', '-=', '*=', '/=', '%=', '//='];
const constantPaths = [
  '["a"]',
  '[0]',
  '["a", 0]',
  '[1, "b"]',
  '[]',
  '[{"start":1,"end":2}]',
  '[-1]',
];
const oddPaths = [
  '[null]',
  '[true]',
  '[["a"]]',
  '[{"start":null,"end":null}]',
  '[{"a":1}]',
  '[1.7]',
  '["a", "b", "c"]',
  '[nan]',
  'null',
  '"a"',
];

const indices = [
  '0',
  '1',
  '-1',
  '-5',
  '1.7',
  'null',
  '"a"',
  '{}',
  '[]',
  '[1]',
  'true',
  '0, 1',
  'nan',
];
const slices = [
  '1:',
  ':2',
  '1:3',
  '-2:',
  ':-1',
  '0:0',
  '1.2:2.7',
  'null:1',
  ':null',
  '2:1',
  '-9:9',
  '0,1:2',
  '"a":',
];

/** A path: a start and some steps. */
export function path(writer, depth, scope) {
  const { random } = writer;
  const inside = () => writer.expression(Math.min(depth, 1), scope);
  let text = random.pick([
    '.',
    '.',
    '.a',
    '.b',
    '.[]?',
    '..',
    'first',
    'last',
    '.[0]?',
    '.[]',
    'getpath(["a"])',
  ]);
  for (let i = random.below(3); i > 0; i -= 1) {
    text += random.pick([
      () => (text === '.' ? random.pick(names) : `.${random.pick(names)}`),
      () => (text === '.' ? `"${random.pick(keys)}"` : `."${random.pick(keys)}"`),
      () => `[${random.pick(indices)}]`,
      () => `[${random.pick(slices)}]`,
      () => '[]',
      () => '[]?',
      () => '?',
      () => `["${random.pick(keys)}"]`,
      () => `[${inside()}]`,
      () => `[${inside()}:]`,
      () => ` | select(${inside()})`,
      () => ' | recurse',
      () => ` | if ${inside()} then . else empty end`,
    ])();
    if (text.includes(' | ')) text = `(${text})`;
  }
  return random.chance(0.1) ? `(if ${inside()} then ${text} else .a end)` : text;
}

/** `path operator value` */
export function update(writer, depth, scope) {
  const { random } = writer;
  const value = writer.term(depth, scope);
  const where = path(writer, depth, scope);
  return random.pick([
    () => `(${where} ${random.pick(updates)} ${value})`,
    () => `(${where} ${random.pick(updates)} ${value})`,
    () => `(${where} |= empty)`,
    () => `(.. |= ${value})`,
    () => `((${where}, ${path(writer, depth, scope)}) ${random.pick(updates)} ${value})`,
    () => `(.[${random.pick(slices)}] ${random.pick(updates)} ${value})`,
    () => `(${where} |= (${value}, 1))`,
    () => `(${where} += (1, 2))`,
  ])();
}

/** Builtins that take or give paths. */
export function withPaths(writer, depth, scope) {
  const { random } = writer;
  const place = () => path(writer, depth, scope);
  const part = () => writer.expression(depth, scope);
  const constant = () => random.pick(random.chance(0.3) ? oddPaths : constantPaths);
  return random.pick([
    () => `path(${place()})`,
    () => `[paths]`,
    () => `del(${place()})`,
    () => `del(${place()}, ${place()})`,
    () => `pick(${place()})`,
    () => `pick(${place()}, ${place()})`,
    () => `getpath(${part()})`,
    () => `getpath(${constant()})`,
    () => `setpath(${constant()}; ${part()})`,
    () => `delpaths([${constant()}, ${constant()}])`,
    () => `path(first(${place()}))`,
    () => `path(last(${place()}))`,
    () => `path(limit(2; ${place()}))`,
    () => `path(skip(1; ${place()}))`,
    () => `path(nth(1; ${place()}))`,
    () => `path(until(type != "array"; .[0]))`,
    () => `[limit(9; path(while(. != null; .a?)))]`,
    () => `path(${part()})`,
    () => `path(${place()} // ${place()})`,
    () => `path(try ${place()} catch .)`,
    () => `path(label $q | ${place()} | ., break $q)`,
    () => `path(def f: .a?, .b?; f | f)`,
    () => `path(. as [$q, $r] | .[$q]?)`,
    () => `path(reduce ("a", "b") as $k (.; .[$k]?))`,
    () => `path(foreach (0, 1) as $k (.; .[$k]?; .))`,
    () => `[path(..)]`,
    () => `path(getpath(${constant()}))`,
    () => `path(${place()} | getpath(${constant()}))`,
    () => `path(paths)`,
    () => `path(map(${place()}))`,
    () => `path(${place()} | select(.) , empty)`,
    () => `path(error(${place()}))`,
    () => `path($__loc__)`,
    () => `path(input)?`,
    () => `try error(${part()}) catch path(${place()})`,
    () => `(${place()} | ${place()}) |= ${writer.term(depth, scope)}`,
    () => `(${place()}, ${place()}) = ${writer.term(depth, scope)}`,
    () => `to_entries`,
    () => `map_values(${part()})`,
    () => `map_values(empty)`,
    () =>
      `with_entries(${random.pick(['.value |= tostring', '.key |= ascii_upcase', '.key |= 1', 'select(.value != null)', 'empty', '(., .)', part()])})`,
    () => `paths(${part()})`,
    () => '[paths(scalars)]',
    () =>
      `walk(${random.pick(['if type == "number" then . + 1 else . end', 'values', 'numbers', 'select(. != 1)', '(., 1)', part()])})`,
    () => `has(${part()})`,
    () => `[.[]? as [$q] | $q]`,
  ])();
}
