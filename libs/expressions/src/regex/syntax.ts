import { raise } from '../run/raise';

/** What the flags of a regular expression say. */
export interface RegexFlags {
  readonly ignoreCase: boolean;
  readonly extended: boolean;
  /** A dot also matches a line break. */
  readonly dotAll: boolean;
}

/** The options in force at a place of a pattern. */
interface Options {
  readonly extended: boolean;
  /** `^` and `$` match at every line. */
  readonly multiline: boolean;
}

const groupOptions = /\(\?([imsx]*)(?:-([imsx]*))?([:)])/y;
const setEscape = /\\(?:[dDsSwW]|[pP]\{)/y;
const posixClass = /\[:\^?\w+:\]/y;
/** Escapes that mean something in Ruby's syntax, and the plain letter in Perl's. */
const plainInPerl = new Set('hHuv<>oMC'.split(''));
const repeat = /\{(\d+)(?:,(\d*))?\}/y;
const hexadecimal = /\\x(?:\{[\dA-Fa-f]+\}|[\dA-Fa-f])/y;
const property = /\\([pP])\{(\^?)([^}]*)\}/y;
const reference = /\\([kg])<([^>]*)(>?)/y;
/** More repetitions than this Oniguruma refuses. */
const mostRepetitions = 100_000;

/** Raises jq's error about a pattern. */
export function refusePattern(complaint: string): never {
  raise(`Regex failure: ${complaint}`);
}

/**
 * jq reads patterns in Oniguruma's Perl syntax, the parser in its Ruby syntax: this rewrites
 * one into the other.
 */
class Translator {
  private at = 0;
  private out = '';
  private options: Options;
  private readonly outside: { readonly options: Options; readonly isAnchor: boolean }[] = [];
  private readonly groupNames = new Set<string>();
  private groups = 0;
  /** The numbers of the groups that `\g<1>` and its kin call. */
  private readonly calls: number[] = [];

  constructor(
    private readonly pattern: string,
    extended: boolean,
  ) {
    this.options = { extended, multiline: false };
  }

  run(): string {
    while (this.at < this.pattern.length) this.step();
    if (this.outside.length > 0) refusePattern('end pattern with unmatched parenthesis');
    const unknown = this.calls.find((number) => number > this.groups);
    if (unknown !== undefined) refusePattern(`undefined group <${unknown}> reference`);
    return this.out;
  }

  private match(regex: RegExp): RegExpExecArray | null {
    regex.lastIndex = this.at;
    return regex.exec(this.pattern);
  }

  private copy(length: number): void {
    this.out += this.pattern.slice(this.at, this.at + length);
    this.at += length;
  }

  private step(): void {
    const character = this.pattern[this.at];
    switch (character) {
      case '\\':
        this.escape();
        break;
      case '[':
        this.characterClass();
        break;
      case '(':
        this.open();
        break;
      case ')': {
        const group = this.outside.pop();
        if (group === undefined) refusePattern('unmatched close parenthesis');
        this.options = group.options;
        this.copy(1);
        if (group.isAnchor) this.refuseRepeat();
        break;
      }
      case '^':
      case '$':
        this.anchor(character);
        break;
      case '{':
        this.repetition();
        break;
      case '#':
        if (this.options.extended) this.skipComment();
        else this.copy(1);
        break;
      default:
        this.copy(1);
    }
  }

  private anchor(character: '^' | '$'): void {
    this.at += 1;
    this.refuseRepeat();
    if (this.options.multiline) this.out += character;
    else this.out += character === '^' ? '\\A' : '\\Z';
  }

  /** Without a least number, as in `a{,2}`, a brace means itself. */
  private repetition(): void {
    const found = this.match(repeat);
    if (found === null) {
      this.out += '\\{';
      this.at += 1;
      return;
    }
    const [all, least = '', most = ''] = found;
    if (Number(least) > mostRepetitions || Number(most) > mostRepetitions) {
      refusePattern('too big number for repeat range');
    }
    if (most !== '' && Number(most) < Number(least)) {
      refusePattern('upper is smaller than lower in repeat range');
    }
    this.copy(all.length);
  }

  /** Anchors and lookarounds cannot be repeated. */
  private refuseRepeat(): void {
    const rest = this.pattern.slice(this.at);
    const next = this.options.extended ? rest.replace(/^(?:\s|#[^\n]*\n?)+/, '') : rest;
    if (/^(?:[*+?]|\{\d+(?:,\d*)?\})/.test(next)) {
      refusePattern('target of repeat operator is invalid');
    }
  }

  private skipComment(): void {
    const end = this.pattern.indexOf('\n', this.at);
    this.at = end < 0 ? this.pattern.length : end;
  }

  private escape(): void {
    const letter = this.pattern[this.at + 1];
    if (letter === undefined) refusePattern('end pattern at escape');
    if (letter === 'Q') {
      const end = this.pattern.indexOf('\\E', this.at + 2);
      const quoted = this.pattern.slice(this.at + 2, end < 0 ? undefined : end);
      this.out += quoted.replace(/[^\w]/g, (c) => (c.charCodeAt(0) < 128 ? `\\${c}` : c));
      this.at = end < 0 ? this.pattern.length : end + 2;
      return;
    }
    const code = this.match(hexadecimal);
    if (code !== null) this.copy(code[0].length);
    else if (letter === 'x' || plainInPerl.has(letter)) {
      this.out += letter;
      this.at += 2;
    } else if (letter === 'p' || letter === 'P') this.property();
    else {
      if (letter === 'k' || letter === 'g') this.checkReference();
      this.copy(2);
      if ('bBAZzG'.includes(letter)) this.refuseRepeat();
    }
  }

  /** `\p{^L}` is `\P{L}`; the parser does not know it. */
  private property(): void {
    const found = this.match(property);
    if (found === null) {
      if (this.pattern[this.at + 2] === '{') {
        refusePattern('end pattern with unmatched parenthesis');
      }
      this.copy(2);
      return;
    }
    const [all, letter = '', not = '', name = ''] = found;
    if (!/^[\w -]+$/.test(name)) refusePattern(`invalid character property name {${not}${name}}`);
    const isNegated = (letter === 'P') !== (not === '^');
    this.out += `\\${isNegated ? 'P' : 'p'}{${name}}`;
    this.at += all.length;
  }

  /** Complains about what `\k<…>` and `\g<…>` refer to, as Oniguruma does. */
  private checkReference(): void {
    const found = this.match(reference);
    if (found === null) return;
    const [, letter = '', name = '', end = ''] = found;
    if (name === '') refusePattern('group name is empty');
    if (end === '') refusePattern(`invalid group name <${name}>`);
    if (/^\d+$/.test(name)) {
      if (letter === 'g') this.calls.push(Number(name));
      return;
    }
    if (letter === 'k' && Number(name) < -this.groups) {
      refusePattern('invalid backref number/name');
    }
    const isName = /^[^\d+-][^+-]*$/.test(name);
    // A group may call itself or one that is still to come, but only repeat one that has been.
    const isLater = letter === 'g' && this.pattern.includes(`(?<${name}>`);
    if (isName && !this.groupNames.has(name) && !isLater) {
      refusePattern(`undefined name <${name}> reference`);
    }
  }

  /** In Perl's syntax a class has no classes inside, and no intersections. */
  private characterClass(): void {
    this.copy(1);
    if (this.pattern[this.at] === '^') this.copy(1);
    if (this.pattern[this.at] === ']') {
      if (!this.pattern.includes(']', this.at + 1)) refusePattern('empty char-class');
      this.literal();
    }
    for (;;) {
      const character = this.pattern[this.at];
      if (character === undefined) refusePattern('premature end of char-class');
      if (character === ']') break;
      if (this.isSet()) {
        this.set();
        // A hyphen after a set is no range.
        if (this.pattern[this.at] === '-') this.literal();
      } else if (character === '\\') this.escape();
      else if (character === '[' || character === '&') this.literal();
      else {
        this.copy(1);
        if (character === '-' && this.isSet()) refusePattern('char-class value at end of range');
      }
    }
    this.copy(1);
  }

  /** A character that would mean something to the parser. */
  private literal(): void {
    this.out += `\\${this.pattern[this.at]}`;
    this.at += 1;
  }

  /** Whether several characters stand here, within a class: `\w` or `[:alpha:]`. */
  private isSet(): boolean {
    return this.match(posixClass) !== null || this.match(setEscape) !== null;
  }

  private set(): void {
    const posix = this.match(posixClass);
    if (posix === null) this.escape();
    else this.copy(posix[0].length);
  }

  private open(): void {
    if (this.pattern.startsWith('(?#', this.at)) {
      const end = this.pattern.indexOf(')', this.at);
      if (end < 0) refusePattern('end pattern in group');
      this.at = end + 1;
      return;
    }
    const options = this.match(groupOptions);
    if (options === null) {
      this.checkGroup();
      const isAnchor = /^\(\?<?[=!]/.test(this.pattern.slice(this.at, this.at + 4));
      this.outside.push({ options: this.options, isAnchor });
      this.copy(1);
      return;
    }
    const [all, on = '', off = '', end] = options;
    this.at += all.length;
    if (end === ':') this.outside.push({ options: this.options, isAnchor: false });
    this.options = {
      extended: (this.options.extended || on.includes('x')) && !off.includes('x'),
      multiline: (this.options.multiline || on.includes('m')) && !off.includes('m'),
    };
    const enabled = rubyOptions(on);
    const disabled = rubyOptions(off);
    if (enabled === '' && disabled === '') this.out += end === ':' ? '(?:' : '';
    else this.out += `(?${enabled}${disabled === '' ? '' : `-${disabled}`}${end}`;
  }

  private checkGroup(): void {
    const rest = this.pattern.slice(this.at);
    if (!rest.startsWith('(?')) {
      this.groups += 1;
      return;
    }
    if (/^\(\?(?:[imsx]*(?:-[imsx]*)?)?$/.test(rest)) refusePattern('end pattern in group');
    if (/^\(\?[^:=!<>~'#(]/.test(rest)) refusePattern('undefined group option');
    const [, name, end] = /^\(\?<(?![=!])([^>]*)(>?)/.exec(rest) ?? [];
    if (name === undefined) return;
    if (name === '' && end !== '') refusePattern('group name is empty');
    if (name === '') refusePattern('end pattern with unmatched parenthesis');
    if (end === '' || !/^[^\d+-]/.test(name)) refusePattern(`invalid group name <${name}>`);
    this.groups += 1;
    this.groupNames.add(name);
  }
}

/** `s` in Perl's syntax is `m` in Ruby's; Perl's `m` has been dealt with. */
function rubyOptions(options: string): string {
  return options.replaceAll('m', '').replaceAll('s', 'm');
}

/** A pattern in the syntax of the parser. */
export function toRubySyntax(pattern: string, flags: RegexFlags): string {
  return new Translator(pattern, flags.extended).run();
}
