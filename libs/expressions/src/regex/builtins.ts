import { Literal } from '../compile/basic';
import type { ValueFunction } from '../compile/calls';
import type { Node } from '../compile/node';
import { eachMatch, isMatch, MatchReporter, namedGroups, regexOf } from './match';
import { MatchEach, type EmitMatches } from './match-each';
import { Substitute } from './substitute';
import { raise, raiseAbout } from '../run/raise';
import { add } from '../values/arithmetic';
import { slice } from '../values/access';
import { kindOf, type Json } from '../values/json';
import type { Make } from '../builtins/forms';

function subject(input: Json): string {
  return typeof input === 'string'
    ? input
    : raiseAbout(input, 'cannot be matched, as it is not a string');
}

/** Pattern and flags as one value: a string, or an array of both. */
function patternOf(value: Json): readonly [Json, Json] {
  if (typeof value === 'string') return [value, null];
  if (Array.isArray(value) && value.length > 0) return [value[0] as Json, value[1] ?? null];
  return raise(`${kindOf(value)} not a string or array`);
}

function test(input: Json, pattern: Json, flags: Json): boolean {
  return isMatch(subject(input), regexOf(pattern, flags));
}

function matchList(input: Json, pattern: Json, flags: Json): Json[] {
  const text = subject(input);
  const regex = regexOf(pattern, flags);
  const reporter = new MatchReporter(text, regex.program);
  const found: Json[] = [];
  eachMatch(text, regex, (slots) => {
    found.push(reporter.report(slots));
    return false;
  });
  return found;
}

const match: EmitMatches = (input, pattern, flags, out) => {
  for (const found of matchList(input, pattern, flags)) if (out(found)) return;
};

const capture: EmitMatches = (input, pattern, flags, out) => {
  const text = subject(input);
  const regex = regexOf(pattern, flags);
  const found: Json[] = [];
  eachMatch(text, regex, (slots) => {
    found.push(namedGroups(text, regex.program, slots));
    return false;
  });
  for (const groups of found) if (out(groups)) return;
};

const scan: EmitMatches = (input, pattern, flags, out) => {
  for (const found of matchList(input, pattern, add('g', flags))) {
    const { captures, string } = found as { captures: { string: Json }[]; string: Json };
    if (out(captures.length > 0 ? captures.map((group) => group.string) : string)) return;
  }
};

const splits: EmitMatches = (input, pattern, flags, out) => {
  let next: Json = null;
  for (const found of matchList(input, pattern, add(flags, 'g'))) {
    const { offset, length } = found as { offset: number; length: number };
    if (out(slice(input, next, offset))) return;
    next = offset + length;
  }
  out(slice(input, next, null));
};

const split: EmitMatches = (input, pattern, flags, out) => {
  const parts: Json[] = [];
  splits(input, pattern, flags, (part) => {
    parts.push(part);
    return false;
  });
  out(parts);
};

const list: EmitMatches = (input, pattern, flags, out) => {
  out(matchList(input, pattern, flags));
};

const globalList: EmitMatches = (input, pattern, flags, out) => {
  out(matchList(input, pattern, add('g', flags)));
};

/** With pattern and flags as arguments; the flags vary slowest, or the pattern does. */
function withFlags(emit: EmitMatches, patternFirst: boolean, whole?: EmitMatches): Make {
  return ([pattern, flags], at) =>
    new MatchEach(emit, pattern as Node, flags ?? new Literal(null, at), patternFirst, at, whole);
}

/** With pattern and flags in one argument. */
function withValue(emit: EmitMatches): Make {
  const apart =
    (inner: EmitMatches): EmitMatches =>
    (input, value, _, out) =>
      inner(input, ...patternOf(value), out);
  return ([pattern], at) =>
    new MatchEach(apart(emit), pattern as Node, new Literal(null, at), true, at, apart(list));
}

function substitute(all: boolean): Make {
  return (given, at) => {
    const flags = given[2] ?? new Literal('', at);
    const [pattern, text] = given as [Node, Node];
    const matches = new MatchEach(all ? globalList : list, pattern, flags, true, at);
    return new Substitute(pattern, text, flags, all, matches, at);
  };
}

/** The builtins on regular expressions that compute one value. */
export const regexes: Readonly<Record<string, ValueFunction>> = {
  '_match_impl/3': (input, pattern, flags, testing) =>
    testing === true ? test(input, pattern, flags) : matchList(input, pattern, flags),
  'test/1': (input, value) => test(input, ...patternOf(value)),
  'test/2': (input, pattern, flags) => test(input, pattern, flags),
};

/** The builtins on regular expressions that have any number of outputs. */
export const regexForms: Readonly<Record<string, Make>> = {
  'match/1': withValue(match),
  'match/2': withFlags(match, false, list),
  'capture/1': withValue(capture),
  'capture/2': withFlags(capture, false, list),
  'scan/1': withFlags(scan, true, globalList),
  'scan/2': withFlags(scan, true, globalList),
  'splits/1': withFlags(splits, true),
  'splits/2': withFlags(splits, true),
  'split/2': withFlags(split, true),
  'sub/2': substitute(false),
  'sub/3': substitute(false),
  'gsub/2': substitute(true),
  'gsub/3': substitute(true),
};
