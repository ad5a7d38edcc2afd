import { ofTwo } from './builtins.mjs';
import { strings } from './values.mjs';

/** Numbers of outputs, streams, tables, functions of mathematics. */
export function withNumbers(writer, depth, scope) {
  const { random } = writer;
  const part = () => writer.expression(depth, scope);
  const small = () =>
    random.pick(['0', '1', '2', '3', '5', '-1', '1.5', 'null', '"1"', '(1, 2)', 'nan']);
  return random.pick([
    () => `limit(${small()}; ${part()})`,
    () => `skip(${small()}; ${part()})`,
    () => `nth(${small()}; ${part()})`,
    () => `nth(${small()})`,
    () => `first(${part()})`,
    () => `range(${small()}; ${small()})`,
    () =>
      `range(${small()}; ${small()}; ${random.pick(['1', '2', '-1', '0.5', 'null', '(1, 2)'])})`,
    () => `flatten(${small()})`,
    () => `[limit(5; while(. != null; ${part()}))]`,
    () => `[limit(4; repeat(1, ${part()}))]`,
    () => `[limit(6; 1 | repeat(. * 2))]`,
    () => `[limit(8; recurse(if type == "number" and . < 4 then . + 1 else empty end))]`,
    () => `[limit(9; recurse(${part()}; . != null))]`,
    () => `(2 | until(. > 50; . * 2))`,
    () => `(2 | until(. > 50; . * (2, 3)))`,
    () => `[recurse(.[]?; . != ${writer.literal()})]`,
    () => `${random.pick(ofTwo)}(${small()}; ${small()})`,
    () => `${random.pick(ofTwo)}(${part()}; ${small()})`,
    () => `fma(${small()}; ${small()}; ${small()})`,
    () => `bsearch(${writer.literal()})`,
    () => `(sort? | bsearch(${part()}))`,
    () => `any(${part()}; ${part()})`,
    () => `all(${part()}; ${part()})`,
    () => `IN(${part()}; ${part()})`,
    () => `INDEX(${part()}; ${part()})`,
    () => `JOIN({"a": 1, "12": 2}; ${part()})`,
    () => `[JOIN({"a": 1}; .[]?; ${part()})]`,
    () => `[JOIN({"a": 1}; .[]?; ${part()}; ${part()})]`,
    () => `([limit(3; ${part()})] | combinations)`,
    () => `([limit(2; ${part()})] | combinations(2))`,
    () => `[limit(5; tostream)]`,
    () => `fromstream(tostream)`,
    () => `fromstream(1 | truncate_stream([[0], 1], [[1, 0], 2], [[1, 0]], [[1]]))`,
    () => `[truncate_stream(tostream)]`,
    () => `[1 | truncate_stream(${part()})]`,
    () => `fromstream(${part()})`,
    () => `indices(${part()})`,
    () => `([.[]? | numbers] | (min, max, add, sort, unique))`,
    () => `(tojson | fromjson)`,
    () => `[splits(${JSON.stringify(random.pick(strings))}; null)]`,
    () => `[limit(3; range(${small()}; 1e12))]`,
    () => `add(${part()})`,
    () => `ltrimstr(${part()})`,
    () => `(${part()} | getpath(["a", "b"]))`,
    () => `(try error(${part()}) catch .)`,
    () => `error(${random.pick(['null', '{a: 1}', '"x"', '[]', '1'])})`,
    () => `(.[]? | try error(.) catch .)`,
    () => `try error("\\(${part()})") catch .`,
    () => `[.[]? | numbers | (frexp, modf, logb, significand, trunc, gamma)]`,
    () => `have_literal_numbers`,
  ])();
}
