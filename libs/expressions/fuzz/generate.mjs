// Random jq programs and inputs, from a grammar. The same seed gives the same cases.

/** A small generator of random numbers (mulberry32). */
export class Random {
  constructor(seed) {
    this.state = seed >>> 0;
  }

  /** In [0, 1). */
  next() {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let t = this.state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }

  below(count) {
    return Math.floor(this.next() * count);
  }

  pick(list) {
    return list[this.below(list.length)];
  }

  chance(share) {
    return this.next() < share;
  }
}

const keys = ['a', 'b', 'c', 'foo', 'key', 'value', 'x y'];
const strings = [
  '',
  'a',
  'b',
  'abc',
  'foo bar',
  'a,b, c',
  'Hello World',
  '12',
  '-1.5',
  'true',
  'null',
  'áé',
  '日本語',
  '😀x',
  'aXbXc',
  '<a href="x">',
  '2015-03-05T23:51:47Z',
  '[1,2]',
  '{"a":1}',
  ' pad ',
  'aaa',
  'xyz-14',
  'a\nb',
  'YWJj',
  '%41b',
  "it's",
];
const numbers = [0, 1, 2, 3, -1, -2, 0.5, 1.5, -2.5, 10, 100, 42, 7, 1425599621, 1e3];

/** A random JSON value. */
export function value(random, depth = 3) {
  const kind = random.below(depth > 0 ? 10 : 6);
  if (kind === 0) return null;
  if (kind === 1) return random.chance(0.5);
  if (kind <= 3) return random.pick(numbers);
  if (kind <= 5) return random.pick(strings);
  if (kind <= 7) return Array.from({ length: random.below(5) }, () => value(random, depth - 1));
  const object = {};
  for (let i = random.below(4); i > 0; i -= 1) object[random.pick(keys)] = value(random, depth - 1);
  return object;
}

const atoms = [
  'a',
  'b',
  'x',
  '.',
  '\\\\d',
  '\\\\w',
  '\\\\s',
  '[a-c]',
  '[^a]',
  ',',
  ' ',
  'l',
  'o',
  'é',
  '\\\\b',
];
const repeats = ['', '', '', '', '*', '+', '?', '{1,2}', '{2}', '*?', '+?', '??'];

/** A random pattern, escaped for a jq string. */
function pattern(random, depth = 2) {
  const parts = Array.from({ length: 1 + random.below(3) }, () => {
    const kind = random.below(depth > 0 ? 10 : 6);
    if (kind < 6) {
      const atom = random.pick(atoms);
      return atom === '\\\\b' ? atom : atom + random.pick(repeats);
    }
    const inner = pattern(random, depth - 1);
    if (kind === 6) return `(${inner})${random.pick(repeats)}`;
    if (kind === 7) return `(?<${random.pick(['n', 'm'])}>${inner})`;
    if (kind === 8) return `(?:${inner})${random.pick(repeats)}`;
    return random.pick([
      `(?=${inner})`,
      `(?!${inner})`,
      '^',
      '$',
      `(?:${inner}|${pattern(random, 0)})`,
    ]);
  });
  return parts.join('');
}

const nullary = `length not keys values add any all flatten floor sqrt abs tostring tonumber
type infinite nan isinfinite isnan isnormal isvalid sort group_by unique min max reverse
to_entries from_entries tojson fromjson ascii_downcase ascii_upcase explode implode trim ltrim
rtrim transpose first last keys_unsorted paths arrays objects iterables booleans numbers strings
nulls scalars recurse empty error utf8bytelength toboolean ceil round fabs trunc exp10 log2
significand logb gmtime mktime todate fromdate tostream combinations env halt_error input
ascii debug getpath splits not ltrimstr @json @text @csv @tsv @html @uri @sh @base64 @base64d
@urid exp2 cbrt isfinite finites normals`
  .split(/\s+/)
  .filter(
    (name) => !/^(?:halt_error|env|ascii|getpath|splits|ltrimstr|group_by|isvalid)$/.test(name),
  );

const withFilter = `map map_values select recurse_down sort_by group_by unique_by min_by max_by
with_entries any all add first last path paths del to_array walk isempty error limit pick
INDEX IN inside in map has contains`
  .split(/\s+/)
  .filter((name) => !/^(?:recurse_down|to_array|limit)$/.test(name));

const withString = `startswith endswith ltrimstr rtrimstr trimstr split join index rindex indices
has contains inside test match capture scan splits ascii strftime strptime`
  .split(/\s+/)
  .filter((name) => name !== 'ascii');

const binaryOperators = [
  '+',
  '-',
  '*',
  '/',
  '%',
  '==',
  '!=',
  '<',
  '<=',
  '>',
  '>=',
  'and',
  'or',
  '//',
];
const updates = ['=', '|=', '+=', '-=', '*=', '/=', '%=', '//='];
const timeFormats = ['%Y-%m-%dT%H:%M:%SZ', '%A, %B %d, %Y', '%j %U %w', '%H:%M', '%e %b %y', '%s'];

/** Writes one program. */
class Writer {
  constructor(random) {
    this.random = random;
    this.names = 0;
  }

  /** @param scope {{variables: string[], functions: string[], labels: string[]}} */
  expression(depth, scope) {
    const { random } = this;
    if (depth <= 0) return this.leaf(scope);
    const inner = (s = scope) => this.expression(depth - 1, s);
    const forms = [
      () => this.leaf(scope),
      () => `${this.path(depth - 1, scope)}`,
      () => `${this.path(depth - 1, scope)}`,
      () => `(${inner()} | ${inner()})`,
      () => `(${inner()} | ${inner()})`,
      () => `(${inner()}, ${inner()})`,
      () => `(${inner()} ${random.pick(binaryOperators)} ${inner()})`,
      () => `(${inner()} ${random.pick(binaryOperators)} ${inner()})`,
      () => `[${inner()}]`,
      () => `[.[]? | ${inner()}]`,
      () => this.object(depth - 1, scope),
      () => this.text(depth - 1, scope),
      () => this.conditional(depth - 1, scope),
      () => `(try ${this.term(depth - 1, scope)} catch ${this.term(depth - 1, scope)})`,
      () => `(${inner()})?`,
      () => `(-${this.term(depth - 1, scope)})`,
      () => `${random.pick(withFilter)}(${inner()})`,
      () => `${random.pick(withFilter)}(${inner()})`,
      () => `${random.pick(withString)}(${this.string()})`,
      () => this.regex(depth - 1, scope),
      () => this.update(depth - 1, scope),
      () => this.binding(depth - 1, scope),
      () => this.loop(depth - 1, scope),
      () => this.definition(depth - 1, scope),
      () => this.label(depth - 1, scope),
      () => this.withNumbers(depth - 1, scope),
      () => this.withPaths(depth - 1, scope),
    ];
    return random.pick(forms)();
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
      () => String(random.pick(numbers)),
      () => this.string(),
      () => '[]',
      () => '{}',
      () => JSON.stringify(value(random, 1)),
    ])();
  }

  leaf(scope) {
    const { random } = this;
    const forms = [
      () => '.',
      () => '.',
      () => `.${random.pick(keys.slice(0, 6))}`,
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
      forms.push(
        () => `$${random.pick(scope.variables)}`,
        () => `$${random.pick(scope.variables)}`,
      );
    }
    if (scope.functions.length > 0) forms.push(() => random.pick(scope.functions));
    if (scope.labels.length > 0) forms.push(() => `break $${random.pick(scope.labels)}`);
    return random.pick(forms)();
  }

  path(depth, scope) {
    const { random } = this;
    let path = random.pick(['.', '.', '.a', '.b', '.[]?', '..', 'first', 'last', '.[0]?']);
    for (let i = random.below(3); i > 0; i -= 1) {
      const dot = path === '.' ? '' : '';
      path += random.pick([
        () => (path === '.' ? random.pick(keys.slice(0, 6)) : `.${random.pick(keys.slice(0, 6))}`),
        () => `[${random.pick(['0', '1', '-1', '-5', '1.7'])}]`,
        () => `[${random.pick(['1:', ':2', '1:3', '-2:', ':-1', '0:0'])}]`,
        () => '[]',
        () => '[]?',
        () => '?',
        () => `["${random.pick(keys)}"]${dot}`,
        () => `[${this.expression(Math.min(depth, 1), scope)}]`,
        () => ` | select(${this.expression(Math.min(depth, 1), scope)})`,
      ])();
      if (path.includes(' | ')) path = `(${path})`;
    }
    return random.chance(0.1)
      ? `(if ${this.expression(Math.min(depth, 1), scope)} then ${path} else .a end)`
      : path;
  }

  object(depth, scope) {
    const { random } = this;
    const entries = Array.from({ length: random.below(4) }, () =>
      random.pick([
        () => random.pick(keys.slice(0, 6)),
        () => `${random.pick(keys.slice(0, 6))}: ${this.term(depth, scope)}`,
        () => `"${random.pick(keys)}": ${this.term(depth, scope)}`,
        () => `(${this.expression(Math.min(depth, 1), scope)}): ${this.term(depth, scope)}`,
        () => `"k\\(${this.expression(Math.min(depth, 1), scope)})": 1`,
        () => (scope.variables.length > 0 ? `$${random.pick(scope.variables)}` : '"a"'),
      ])(),
    );
    return `{${entries.join(', ')}}`;
  }

  text(depth, scope) {
    const { random } = this;
    const format = random.chance(0.3)
      ? `${random.pick(['@json', '@html', '@uri', '@sh', '@base64', '@csv', '@text'])} `
      : '';
    return `${format}"x\\(${this.expression(depth, scope)})y${
      random.chance(0.3) ? `\\(${this.expression(depth, scope)})` : ''
    }"`;
  }

  conditional(depth, scope) {
    const part = () => this.expression(depth, scope);
    const { random } = this;
    const elif = random.chance(0.2) ? ` elif ${part()} then ${part()}` : '';
    const otherwise = random.chance(0.7) ? ` else ${part()}` : '';
    return `(if ${part()} then ${part()}${elif}${otherwise} end)`;
  }

  regex(depth, scope) {
    const { random } = this;
    const source = `"${pattern(random)}"`;
    const flags = random.pick(['null', '"g"', '"i"', '"gi"', '"gn"', '"x"', '"s"', '"l"']);
    const name = random.pick([
      'test',
      'match',
      'capture',
      'scan',
      'splits',
      'split',
      'sub',
      'gsub',
    ]);
    const subject = random.chance(0.7) ? `${this.string()} | ` : '';
    if (name === 'sub' || name === 'gsub') {
      const text = random.pick([
        () => this.string(),
        () => '"<\\(.n)>"',
        () => '.n // "-"',
        () => '"1", "2"',
        () => this.expression(Math.min(depth, 1), { ...scope, labels: [] }),
      ])();
      return `(${subject}${name}(${source}; ${text}))`;
    }
    return random.chance(0.4) && name !== 'split'
      ? `(${subject}${name}(${source}))`
      : `(${subject}${name}(${source}; ${flags}))`;
  }

  update(depth, scope) {
    const operator = this.random.pick(updates);
    return `(${this.path(depth, scope)} ${operator} ${this.term(depth, scope)})`;
  }

  fresh(prefix) {
    this.names += 1;
    return `${prefix}${this.names}`;
  }

  pattern(depth) {
    const { random } = this;
    const kind = random.below(depth > 0 ? 5 : 2);
    if (kind < 2) {
      const name = this.fresh('v');
      return { text: `$${name}`, names: [name] };
    }
    if (kind < 4) {
      const items = Array.from({ length: 1 + random.below(2) }, () => this.pattern(depth - 1));
      return {
        text: `[${items.map(({ text }) => text).join(', ')}]`,
        names: items.flatMap(({ names }) => names),
      };
    }
    const items = Array.from({ length: 1 + random.below(2) }, () => {
      const item = this.pattern(depth - 1);
      return {
        text: `${random.pick(['a', 'b', '"c"', '("foo")'])}: ${item.text}`,
        names: item.names,
      };
    });
    return {
      text: `{${items.map(({ text }) => text).join(', ')}}`,
      names: items.flatMap(({ names }) => names),
    };
  }

  binding(depth, scope) {
    const first = this.pattern(2);
    const patterns = [first];
    if (this.random.chance(0.15)) patterns.push(this.pattern(1));
    const names = patterns.flatMap((one) => one.names);
    const inside = { ...scope, variables: [...scope.variables, ...names] };
    const text = patterns.map((one) => one.text).join(' ?// ');
    return `(${this.term(depth, scope)} as ${text} | ${this.expression(depth, inside)})`;
  }

  loop(depth, scope) {
    const { random } = this;
    const name = this.fresh('v');
    const inside = { ...scope, variables: [...scope.variables, name] };
    const source = random.pick([
      '.[]?',
      'range(3)',
      '(1, 2)',
      'limit(3; ..)',
      `limit(3; ${this.expression(depth, scope)})`,
    ]);
    const init = this.expression(Math.min(depth, 1), scope);
    const step = this.expression(depth, inside);
    if (random.chance(0.5)) {
      // With several initial values jq runs all but the first over null: a defect of its own.
      const only = random.pick(['null', '0', '.', '[]', '{}', '""', '.a?', '[.[]?]', 'length']);
      return `(reduce ${source} as $${name} (${only}; ${step}))`;
    }
    const extract = random.chance(0.4) ? `; ${this.expression(depth, inside)}` : '';
    return `(foreach ${source} as $${name} (${init}; ${step}${extract}))`;
  }

  definition(depth, scope) {
    const { random } = this;
    const name = this.fresh('f');
    const kind = random.below(3);
    const call = (parameter) => ({ ...scope, labels: [], ...parameter });
    if (kind === 0) {
      const body = this.expression(depth, call({}));
      const inside = { ...scope, functions: [...scope.functions, name] };
      return `(def ${name}: ${body}; ${this.expression(depth, inside)})`;
    }
    const parameter = this.fresh('p');
    const given = this.expression(depth, scope);
    if (kind === 1) {
      const body = this.expression(depth, call({ functions: [...scope.functions, parameter] }));
      return `(def ${name}(${parameter}): ${body}; ${name}(${given}))`;
    }
    const body = this.expression(depth, call({ variables: [...scope.variables, parameter] }));
    return `(def ${name}($${parameter}): ${body}; ${name}(${given}))`;
  }

  label(depth, scope) {
    const name = this.fresh('l');
    const inside = { ...scope, labels: [...scope.labels, name] };
    return `(label $${name} | ${this.expression(depth, inside)})`;
  }

  withNumbers(depth, scope) {
    const { random } = this;
    const part = () => this.expression(depth, scope);
    const small = () => random.pick(['0', '1', '2', '3', '5', '-1']);
    return random.pick([
      () => `limit(${small()}; ${part()})`,
      () => `skip(${small()}; ${part()})`,
      () => `nth(${small()}; ${part()})`,
      () => `nth(${small()})`,
      () => `range(${small()}; ${small()})`,
      () => `range(${small()}; ${small()}; ${random.pick(['1', '2', '-1', '0.5'])})`,
      () => `flatten(${small()})`,
      () => `[limit(5; while(. != null; ${part()}))]`,
      () => `[limit(4; repeat(${part()}))]`.replace('repeat(', 'repeat(1, '),
      () => `[limit(8; recurse(if type == "number" and . < 4 then . + 1 else empty end))]`,
      () => `(2 | until(. > 50; . * 2))`,
      () => `[recurse(.[]?; . != ${this.literal()})]`,
      () => `pow(${small()}; ${small()})`,
      () => `bsearch(${this.literal()})`,
      () => `splits(${this.string()})`,
      () => `any(${part()}; ${part()})`,
      () => `all(${part()}; ${part()})`,
      () => `IN(${part()}; ${part()})`,
      () => `INDEX(${part()}; ${part()})`,
      () => `(1425599621 | strftime(${JSON.stringify(random.pick(timeFormats))}))`,
      () => `("2015-03-05T23:51:47Z" | strptime("%Y-%m-%dT%H:%M:%SZ") | ${part()})`,
      () => `([limit(3; ${part()})] | combinations)`,
      () => `([limit(2; ${part()})] | combinations(2))`,
      () => `[limit(5; tostream)]`,
      () => `fromstream(tostream)`,
      () => `ltrimstr(${part()})`,
      () => `join(${part()})`,
      () => `(${part()} | @base64 | @base64d)`,
      () => `([${part()}] | implode)`,
      () => `atan2(${small()}; ${small()})`,
      () => `frexp`,
      () => `modf`,
      () => `ldexp(${small()}; ${small()})`,
      () => `splits("a"; null)`,
      () =>
        `truncate_stream(1; [[0], 1], [[1, 0], 2], [[1, 0]], [[1]])`.replace(
          'truncate_stream(1; ',
          '1 | truncate_stream(',
        ),
      () => `getpath(["a", "b"])`,
      () => `JOIN({"a": 1, "12": 2}; ${part()})`,
      () => `indices(${part()})`,
      () => `tojson | fromjson`,
    ])();
  }

  withPaths(depth, scope) {
    const { random } = this;
    const path = () => this.path(depth, scope);
    const part = () => this.expression(depth, scope);
    return random.pick([
      () => `path(${path()})`,
      () => `[paths]`,
      () => `del(${path()})`,
      () => `del(${path()}, ${path()})`,
      () => `to_entries`,
      () => `pick(${path()})`,
      () => `getpath(${part()})`,
      () =>
        `setpath(${random.pick(['["a"]', '[0]', '["a", 0]', '[1, "b"]', '[]', '[{"start":1,"end":2}]'])}; ${part()})`,
      () => `delpaths([${random.pick(['["a"]', '[0]', '["a", 0], ["b"]', '[-1]', '[]'])}])`,
      () => `path(first(${path()}))`,
      () => `path(limit(2; ${path()}))`,
      () => `path(${part()})`,
      () => `path(${path()} // ${path()})`,
      () => `[path(..)]`,
      () => `(${path()} | ${path()}) |= ${this.term(depth, scope)}`,
      () => `(${path()}, ${path()}) = ${this.term(depth, scope)}`,
      () => `map_values(${part()})`,
      () =>
        `with_entries(${random.pick(['.value |= tostring', '.key |= ascii_upcase', 'select(.value != null)', part()])})`,
      () => `paths(${part()})`,
      () => `path(getpath(${random.pick(['["a"]', '[0]', '["a", "b"]'])}))`,
    ])();
  }
}

/** The case of a seed. */
export function caseOf(seed) {
  const random = new Random(seed);
  const writer = new Writer(random);
  const scope = { variables: [], functions: [], labels: [] };
  const body = writer.expression(1 + random.below(4), scope);
  return { seed, program: `limit(25; ${body})`, input: value(random) };
}
