// Whether a regular expression can take a backtracking matcher more than linear time. The pattern becomes the automaton
// of its characters (Glushkov: a state is a place in the pattern), searched for two loops that read the same text:
// a matcher that fails behind them tries all ways to divide the text between them.
//   - two ways around one loop: exponential
//   - a loop, and a later one: polynomial; the search for a place to begin counts as a loop, unless `^` or `y` forbids it
// It tells too much rather than too little: assertions are taken to hold, counted repetitions to be short.
import { RegExpParser, visitRegExpAST } from '@eslint-community/regexpp';

const parser = new RegExpParser();

/** What stands for all characters: enough to tell the classes apart that patterns are written with. */
const ALPHABET = [
  ...Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)),
  ...'\u0301\u2028\u3042\u4e00\uac00\ud83d\uff21\ufeffЖ😀',
];

/** A counted repetition is written out so often at most: more copies behave like these. */
const MOST_COPIES = 3;

/** One that is longer costs a search that much for every character, where nothing keeps it from beginning anew. */
const LONGEST_COUNT = 50;

class Positions {
  chars = [];
  follow = [];
  last = new Set();

  add(chars) {
    this.follow.push(new Set());
    return this.chars.push(chars) - 1;
  }

  connect(from, to) {
    for (const a of from) for (const b of to) this.follow[a].add(b);
  }
}

const nothing = () => ({ nullable: true, first: new Set(), last: new Set(), anchored: false });
const union = (...sets) => new Set(sets.flatMap((set) => [...set]));

/** The characters that a part of one character takes, as bits over the alphabet. */
function charsOf(raw, flags, known) {
  if (!known.has(raw)) {
    const pattern = new RegExp(`^(?:${raw})$`, flags.replace(/[gym]/g, ''));
    let bits = 0n;
    ALPHABET.forEach((character, index) => {
      if (pattern.test(character)) bits |= 1n << BigInt(index);
    });
    known.set(raw, bits);
  }
  return known.get(raw);
}

function build(node, context) {
  const { positions, flags, known } = context;
  switch (node.type) {
    case 'Character':
    case 'CharacterClass':
    case 'CharacterSet':
    case 'ExpressionCharacterClass': {
      const at = positions.add(charsOf(node.raw, flags, known));
      return { nullable: false, first: new Set([at]), last: new Set([at]), anchored: false };
    }
    case 'Backreference':
      // It repeats what a group took: any text.
      return build({ type: 'Quantifier', min: 0, max: Infinity, element: ANY }, context);
    case 'Assertion':
      return {
        ...nothing(),
        anchored: node.kind === 'start' && !flags.includes('m'),
        asserts: true,
      };
    case 'Group':
    case 'CapturingGroup':
    case 'Pattern':
      return either(node.alternatives.map((each) => build(each, context)));
    case 'Alternative':
      return inSequence(
        node.elements.map((each) => build(each, context)),
        positions,
      );
    case 'Quantifier':
      return repeated(node, context);
    default:
      throw new Error(`A part of a pattern that is not known: ${node.type}`);
  }
}

const ANY = { type: 'CharacterSet', raw: '[^]' };

function either(parts) {
  return {
    nullable: parts.some(({ nullable }) => nullable),
    first: union(...parts.map(({ first }) => first)),
    last: union(...parts.map(({ last }) => last)),
    // Per way in: those behind `^` begin at the start only.
    bound: union(...parts.map((part) => (part.anchored ? part.first : (part.bound ?? new Set())))),
    anchored: parts.every(({ anchored }) => anchored),
    asserts: parts.some(({ asserts }) => asserts),
    open: union(...parts.map((part) => part.open ?? new Set())),
  };
}

function inSequence(parts, positions) {
  let all = nothing();
  for (const part of parts) {
    positions.connect(all.last, part.first);
    all = {
      nullable: all.nullable && part.nullable,
      first: all.nullable ? union(all.first, part.first) : all.first,
      last: part.nullable ? union(all.last, part.last) : part.last,
      bound: union(all.bound ?? new Set(), part.bound ?? new Set()),
      anchored: all.anchored || (all.nullable && all.first.size === 0 && part.anchored),
      asserts: all.asserts || part.asserts,
      // What is over when the pattern could be, but for an assertion that may fail.
      open:
        part.asserts && part.nullable
          ? union(all.last, part.open ?? new Set())
          : (part.open ?? new Set()),
    };
  }
  return all;
}

/** Copies one after the other, each reached through the one before: no text is counted in two ways. */
function repeated({ min, max, element }, context) {
  if (max === 0) return nothing();
  const { positions } = context;
  const count = Math.min(Math.max(min, Number.isFinite(max) ? max : 1, 1), MOST_COPIES);
  const copies = Array.from({ length: count }, () => build(element, context));
  copies.forEach((copy, index) => {
    for (const next of copies.slice(index + 1)) {
      positions.connect(copy.last, next.first);
      if (!next.nullable) break;
    }
  });
  const [first] = copies;
  const loop = copies.at(-1);
  if (max === Infinity) positions.connect(loop.last, loop.first);
  const least = Math.min(Math.max(min, 1), count);
  const ways = first.nullable ? copies : [first];
  return {
    ...first,
    nullable: min === 0 || first.nullable,
    first: union(...ways.map((copy) => copy.first)),
    last: union(...copies.slice(first.nullable ? 0 : least - 1).map(({ last }) => last)),
    open: union(...copies.map((copy) => copy.open ?? new Set())),
    anchored: first.anchored && min > 0,
  };
}

/** States that lie on a circle, by the circle they lie on. */
function circles(follow) {
  const reach = follow.map((_, from) => {
    const seen = new Set();
    const pending = [...follow[from]];
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      if (seen.has(next)) continue;
      seen.add(next);
      pending.push(...follow[next]);
    }
    return seen;
  });
  const circle = follow.map((_, state) => (reach[state].has(state) ? state : undefined));
  return { reach, cyclic: circle.filter((state) => state !== undefined) };
}

/** Whether some text leads from each of `from` to each of `to` along the automaton, all reading the same. */
function together({ follow, chars }, from, to, within) {
  const key = (states) => states.join();
  const goal = key(to);
  const seen = new Set();
  const pending = [from];
  for (let states = pending.pop(); states; states = pending.pop()) {
    const steps = states.map((state, index) =>
      [...follow[state]].filter((next) => within[index](next)),
    );
    const combine = (index, chosen, common) => {
      if (common === 0n) return false;
      if (index === steps.length) {
        const at = key(chosen);
        if (at === goal) return true;
        if (!seen.has(at)) {
          seen.add(at);
          pending.push(chosen);
        }
        return false;
      }
      return steps[index].some((next) =>
        combine(index + 1, [...chosen, next], common & chars[next]),
      );
    };
    if (combine(0, [], ~0n)) return true;
  }
  return false;
}

/**
 * Whether a loop can go on for long without a place where the pattern may end: only there can it fail after much work.
 */
function failing({ follow, ends }, onOne) {
  return (state) => {
    const inside = follow
      .map((_, next) => next)
      .filter((next) => onOne(state)(next) && !ends.has(next));
    const open = new Set(inside);
    // What has no way on is no part of a circle; what is left at the end is.
    for (let before = -1; before !== open.size;) {
      before = open.size;
      for (const next of open)
        if (![...follow[next]].some((each) => open.has(each))) open.delete(next);
    }
    return open.size > 0;
  };
}

function automatonOf(pattern, flags) {
  const positions = new Positions();
  const whole = build(pattern, { positions, flags, known: new Map() });
  const any = (1n << BigInt(ALPHABET.length)) - 1n;
  const bound = whole.anchored ? whole.first : (whole.bound ?? new Set());
  let search;
  if (!flags.includes('y')) {
    const starts = [...whole.first].filter((state) => !bound.has(state));
    if (starts.length > 0) {
      search = positions.add(any);
      positions.follow[search].add(search);
      positions.connect([search], starts);
    }
  }
  const ends = new Set([...whole.last].filter((state) => !whole.open?.has(state)));
  return { ...positions, chars: positions.chars, follow: positions.follow, search, ends };
}

function countedTooLong(pattern) {
  let found;
  const isKept = pattern.alternatives.every(({ elements: [first] }) => {
    if (first?.type !== 'Assertion') return false;
    return first.kind === 'start' || first.kind === 'lookbehind';
  });
  visitRegExpAST(pattern, {
    onQuantifierEnter(node) {
      let alternative = node.parent;
      while (alternative && alternative.parent?.type !== 'Pattern')
        alternative = alternative.parent;
      const [first] = alternative?.elements ?? [];
      const guarded = first?.type === 'Assertion' && ['start', 'lookbehind'].includes(first.kind);
      if (node.min > LONGEST_COUNT && !guarded && !isKept) found ??= node.raw;
    },
  });
  return found;
}

/** Why a pattern is not plainly linear; undefined when it is. */
export function superlinear(source, flags) {
  const pattern = parser.parsePattern(source, 0, source.length, {
    unicode: flags.includes('u') || flags.includes('v'),
    unicodeSets: flags.includes('v'),
  });
  const long = countedTooLong(pattern);
  if (long && !flags.includes('y'))
    return `${long} is tried anew at every character; begin it with a lookbehind`;
  const automaton = automatonOf(pattern, flags);
  const { reach, cyclic } = circles(automaton.follow);
  const onOne = (state) => (next) => reach[state].has(next) && reach[next].has(state);
  const fails = failing(automaton, onOne);
  for (const p of cyclic) {
    if (p === automaton.search || !fails(p)) continue;
    for (const q of automaton.follow[p]) {
      for (const r of automaton.follow[p]) {
        if (q >= r || !onOne(p)(q) || !onOne(p)(r)) continue;
        if ((automaton.chars[q] & automaton.chars[r]) === 0n) continue;
        if (together(automaton, [q, r], [p, p], [onOne(p), onOne(p)])) {
          return 'a loop can read one text in two ways: exponential';
        }
      }
    }
  }
  for (const p of cyclic) {
    for (const q of cyclic) {
      if (p === q || !reach[p].has(q)) continue;
      if (!fails(q)) continue;
      if (p !== automaton.search && reach[q].has(p)) continue;
      const between = (next) =>
        next === p || next === q || (reach[p].has(next) && reach[next].has(q)) || onOne(q)(next);
      if (together(automaton, [p, p, q], [p, q, q], [onOne(p), between, onOne(q)])) {
        return p === automaton.search
          ? 'the search begins anew within what it has read: quadratic'
          : 'two loops can divide one text between them: quadratic or more';
      }
    }
  }
  return undefined;
}
