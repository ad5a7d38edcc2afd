// Names that a program gives: to values, functions, and places to break off to.

function destructuring(writer, depth) {
  const { random } = writer;
  const kind = random.below(depth > 0 ? 5 : 2);
  if (kind < 2) {
    const name = writer.fresh('v');
    return { text: `$${name}`, names: [name] };
  }
  const items = random.some(1, 2, () => {
    const item = destructuring(writer, depth - 1);
    if (kind < 4) return item;
    const own = writer.fresh('v');
    return random.pick([
      () => ({
        text: `${random.pick(['a', 'b', '"c"', '("foo")', '(.)', '"k\\(1)"', 'if'])}: ${item.text}`,
        names: item.names,
      }),
      () => ({ text: `$${own}`, names: [own] }),
      () => ({ text: `$${own}: ${item.text}`, names: [own, ...item.names] }),
      () => ({ text: `("a", "b"): ${item.text}`, names: item.names }),
    ])();
  });
  const text = items.map((item) => item.text).join(', ');
  return { text: kind < 4 ? `[${text}]` : `{${text}}`, names: items.flatMap((item) => item.names) };
}

/** `a as pattern | b` */
export function binding(writer, depth, scope) {
  const { random } = writer;
  const patterns = [destructuring(writer, 2)];
  while (random.chance(0.2) && patterns.length < 3) patterns.push(destructuring(writer, 1));
  const names = patterns.flatMap((one) => one.names);
  const inside = { ...scope, variables: [...scope.variables, ...names] };
  const text = patterns.map((one) => one.text).join(' ?// ');
  return `(${writer.term(depth, scope)} as ${text} | ${writer.expression(depth, inside)})`;
}

/** `reduce` and `foreach` */
export function loop(writer, depth, scope) {
  const { random } = writer;
  const pattern = random.chance(0.8) ? destructuring(writer, 0) : destructuring(writer, 2);
  const inside = { ...scope, variables: [...scope.variables, ...pattern.names] };
  const source = random.pick([
    '.[]?',
    '.[]',
    'range(3)',
    '(1, 2)',
    'empty',
    'limit(3; ..)',
    `limit(3; ${writer.expression(depth, scope)})`,
  ]);
  const init = writer.expression(Math.min(depth, 1), scope);
  const step = random.chance(0.1) ? 'empty' : writer.expression(depth, inside);
  if (random.chance(0.5)) {
    // With several initial values jq runs all but the first over null: a defect of its own.
    const only = random.pick(['null', '0', '.', '[]', '{}', '""', '.a?', '[.[]?]', 'length']);
    return `(reduce ${source} as ${pattern.text} (${only}; ${step}))`;
  }
  const extract = random.chance(0.4) ? `; ${writer.expression(depth, inside)}` : '';
  return `(foreach ${source} as ${pattern.text} (${init}; ${step}${extract}))`;
}

/** `def f: …; …` in its forms */
export function definition(writer, depth, scope) {
  const { random } = writer;
  const name = writer.fresh('f');
  const call = (parameter) => ({ ...scope, labels: [], ...parameter });
  const given = () => writer.expression(depth, scope);
  const parameter = writer.fresh('p');
  const body = (added) => writer.expression(depth, call(added));
  return random.pick([
    () => {
      const inside = { ...scope, functions: [...scope.functions, name] };
      return `(def ${name}: ${body({})}; ${writer.expression(depth, inside)})`;
    },
    () =>
      `(def ${name}(${parameter}): ${body({ functions: [...scope.functions, parameter] })}; ${name}(${given()}))`,
    () =>
      `(def ${name}($${parameter}): ${body({ variables: [...scope.variables, parameter], functions: [...scope.functions, parameter] })}; ${name}(${given()}))`,
    () => {
      const second = writer.fresh('p');
      const names = {
        functions: [...scope.functions, parameter],
        variables: [...scope.variables, second],
      };
      return `(def ${name}(${parameter}; $${second}): ${body(names)}; ${name}(${given()}; ${given()}))`;
    },
    () =>
      `(def ${name}: if type == "array" and length > 0 then .[0] | ${name} else ${body({})} end; ${name})`,
    () =>
      `(def ${name}: ., (if type == "number" and . < 3 then . + 1 | ${name} else empty end); ${name})`,
    () =>
      `(def ${name}(${parameter}): def inner: ${parameter} | ${parameter}; inner; ${name}(${given()}))`,
  ])();
}

/** `label $l | …` */
export function label(writer, depth, scope) {
  const name = writer.fresh('l');
  const inside = { ...scope, labels: [...scope.labels, name] };
  return `(label $${name} | ${writer.expression(depth, inside)})`;
}
