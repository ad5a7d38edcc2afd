import { build, steps } from '../run/meter';
import { raise, raiseAbout } from '../run/raise';
import type { Json, JsonObject } from '../values/json';
import { put } from '../values/object';
import { hasSurrogates } from '../values/strings';
import { encodeUtf8 } from '../values/utf8';
import { compileRegex } from './compile';
import { Machine } from './machine';
import type { Program } from './program';
import { refusePattern } from './syntax';

/** A match: positions in UTF-16 units of the whole and of the groups, -1 for none. */
export type Slots = readonly number[];

/** A pattern with its flags, ready to search. */
export interface Regex {
  readonly program: Program;
  readonly global: boolean;
  readonly longest: boolean;
  readonly notEmpty: boolean;
  /** A machine that was made for an earlier text and is not at work. */
  idle: Machine | undefined;
}

/** No pattern that a person writes is longer; the parser takes its time for longer ones. */
const longestPattern = 20_000;
const cacheSize = 128;
/** By flags, then by pattern: looking up in two steps spares putting a key together. */
const cache = new Map<string, Map<string, Regex>>();

/** A pattern and its flags, compiled. Raises jq's errors. */
export function regexOf(pattern: Json, modifiers: Json): Regex {
  if (typeof pattern !== 'string') return raiseAbout(pattern, 'is not a string');
  if (modifiers !== null && typeof modifiers !== 'string') {
    return raiseAbout(modifiers, 'is not a string');
  }
  const letters = modifiers ?? '';
  let patterns = cache.get(letters);
  const known = patterns?.get(pattern);
  if (known !== undefined) return known;
  const regex = newRegex(pattern, letters);
  if (patterns === undefined) {
    // There are few useful flags; nonsense like "ggg" must not fill the memory.
    if (cache.size >= cacheSize) cache.clear();
    patterns = new Map();
    cache.set(letters, patterns);
  }
  if (patterns.size >= cacheSize) patterns.delete(patterns.keys().next().value as string);
  patterns.set(pattern, regex);
  return regex;
}

function newRegex(pattern: string, letters: string): Regex {
  if (!/^[gimsplxn]*$/.test(letters)) raise(`${letters} is not a valid modifier string`);
  if (pattern.length > longestPattern) refusePattern('too big pattern');
  steps(100 + 10 * pattern.length);
  const has = (letter: string) => letters.includes(letter);
  const program = compileRegex(pattern, {
    ignoreCase: has('i'),
    extended: has('x'),
    dotAll: has('m') || has('p'),
  });
  return {
    program,
    global: has('g'),
    longest: has('l'),
    notEmpty: has('n'),
    idle: undefined,
  };
}

/** A machine for a text; when it has done its work, it should be given back. */
function machineFor(regex: Regex, text: string): Machine {
  const { idle } = regex;
  if (idle === undefined) return new Machine(regex.program, text, regex);
  regex.idle = undefined;
  idle.restart(text);
  return idle;
}

function giveBack(regex: Regex, machine: Machine): void {
  // It must not keep a text alive.
  machine.restart('');
  regex.idle = machine;
}

/** Whether there is a match. */
export function isMatch(text: string, regex: Regex): boolean {
  const machine = machineFor(regex, text);
  const found = machine.search(0) !== undefined;
  giveBack(regex, machine);
  return found;
}

/** Hands on the matches: the first, or with the flag `g` all; until `out` says true. */
export function eachMatch(text: string, regex: Regex, out: (slots: Slots) => boolean): void {
  const machine = machineFor(regex, text);
  eachMatchOf(machine, text, regex, out);
  giveBack(regex, machine);
}

function eachMatchOf(
  machine: Machine,
  text: string,
  regex: Regex,
  out: (slots: Slots) => boolean,
): void {
  let from = 0;
  do {
    const found = machine.search(from);
    if (found === undefined) return;
    const start = found[0] as number;
    const end = found[1] as number;
    if (out(found)) return;
    if (start !== end) from = end;
    else if (!regex.global || !isWide(text, end)) from = machine.after(end);
    else {
      const next = eachInside(text, regex, end, out);
      if (next === undefined) return;
      from = next;
    }
  } while (regex.global && from <= text.length);
}

/** Whether a character takes more than one byte. */
function isWide(text: string, at: number): boolean {
  return text.charCodeAt(at) > 0x7f;
}

/**
 * After an empty match jq looks on from the next byte, even within a character: the match is
 * then found again, once for each byte. Hands on the matches that begin within the character at
 * `at`; answers where to look on, or undefined when `out` wants no more.
 */
function eachInside(
  text: string,
  regex: Regex,
  at: number,
  out: (slots: Slots) => boolean,
): number | undefined {
  const character = String.fromCodePoint(text.codePointAt(at) as number);
  const after = at + character.length;
  const bytes = Array.from(encodeUtf8(character));
  for (let byte = 1; byte < bytes.length;) {
    // From within, the rest of the character looks like so many characters of one byte.
    const inside = String.fromCharCode(...bytes.slice(byte));
    steps(text.length >> 6);
    const view = text.slice(0, after) + inside + text.slice(after);
    const found = new Machine(regex.program, view, regex).search(after);
    if (found === undefined) return text.length + 1;
    const [start, end] = found as [number, number];
    if (start >= after + inside.length) return after;
    const placed = found.map((unit) =>
      unit <= after ? unit : Math.max(after, unit - inside.length),
    );
    if (out(placed)) return undefined;
    if (end > after + inside.length) return end - inside.length;
    byte += start === end ? end - after + 1 : end - after;
  }
  return after;
}

/** Turns positions in UTF-16 units into positions in code points; asked in rising order mostly. */
class Places {
  private readonly plain: boolean;
  private units = 0;
  private points = 0;

  constructor(private readonly text: string) {
    this.plain = !hasSurrogates(text);
  }

  at(unit: number): number {
    if (this.plain) return unit;
    if (unit < this.units) {
      this.units = 0;
      this.points = 0;
    }
    steps((unit - this.units) >> 3);
    while (this.units < unit) {
      const isPair = (this.text.codePointAt(this.units) as number) > 0xffff;
      this.units += isPair ? 2 : 1;
      this.points += 1;
    }
    return this.points;
  }
}

/** Makes jq's match objects for one text. */
export class MatchReporter {
  private readonly places: Places;

  constructor(
    private readonly text: string,
    private readonly program: Program,
  ) {
    this.places = new Places(text);
  }

  /** The object that `match` gives. */
  report(slots: Slots): JsonObject {
    const start = slots[0] as number;
    const end = slots[1] as number;
    const offset = this.places.at(start);
    const captures: Json[] = [];
    for (let group = 1; group <= this.program.groups; group += 1) {
      captures.push(
        start === end ? this.emptyCapture(slots, group, offset) : this.capture(slots, group),
      );
    }
    build(96 + 96 * captures.length + end - start);
    const length = this.places.at(end) - offset;
    return { offset, length, string: this.text.slice(start, end), captures };
  }

  private name(group: number): string | null {
    return this.program.names[group] ?? null;
  }

  /** In a match of no length jq says of every group that took part that it is empty, too. */
  private emptyCapture(slots: Slots, group: number, offset: number): JsonObject {
    const missed = (slots[2 * group] as number) < 0;
    return {
      offset: missed ? -1 : offset,
      string: missed ? null : '',
      length: 0,
      name: this.name(group),
    };
  }

  private capture(slots: Slots, group: number): JsonObject {
    const start = slots[2 * group] as number;
    const end = slots[2 * group + 1] as number;
    const name = this.name(group);
    if (start < 0 || end < 0) return { offset: -1, string: null, length: 0, name };
    const offset = this.places.at(start);
    if (start === end) return { offset, string: '', length: 0, name };
    const length = this.places.at(end) - offset;
    return { offset, length, string: this.text.slice(start, end), name };
  }
}

/** The named groups of a match, as `capture` gives them. */
export function namedGroups(text: string, program: Program, slots: Slots): JsonObject {
  const groups: JsonObject = {};
  const isEmpty = slots[0] === slots[1];
  program.names.forEach((name, group) => {
    if (name === undefined) return;
    const start = slots[2 * group] as number;
    const end = slots[2 * group + 1] as number;
    const missed = start < 0 || end < 0;
    put(groups, name, missed ? null : isEmpty ? '' : text.slice(start, end));
  });
  build(64);
  return groups;
}
