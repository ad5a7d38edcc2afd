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
const posixClass = /\[:\^?\w+:\]/y;
/** Escapes that mean something in Ruby's syntax, and the plain letter in Perl's. */
const plainInPerl = new Set('hHuv<>'.split(''));

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

  constructor(
    private readonly pattern: string,
    extended: boolean,
  ) {
    this.options = { extended, multiline: false };
  }

  run(): string {
    while (this.at < this.pattern.length) this.step();
    if (this.outside.length > 0) refusePattern('end pattern with unmatched parenthesis');
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

  /** Anchors and lookarounds cannot be repeated. */
  private refuseRepeat(): void {
    const rest = this.pattern.slice(this.at);
    const next = this.options.extended ? rest.replace(/^(?:\s|#[^\n]*(?:\n|$))+/, '') : rest;
    if (/^(?:[*+?]|\{(?:\d+,?\d*|,\d+)\})/.test(next)) {
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
    if (plainInPerl.has(letter)) {
      this.out += letter;
      this.at += 2;
      return;
    }
    this.copy(2);
    if ('bBAZzG'.includes(letter)) this.refuseRepeat();
  }

  /** In Perl's syntax a class has no classes inside, and no intersections. */
  private characterClass(): void {
    this.copy(1);
    if (this.pattern[this.at] === '^') this.copy(1);
    if (this.pattern[this.at] === ']') {
      this.out += '\\]';
      this.at += 1;
    }
    for (;;) {
      const character = this.pattern[this.at];
      if (character === undefined) refusePattern('premature end of char-class');
      if (character === ']') break;
      if (character === '\\') this.escape();
      else if (character === '[') {
        const posix = this.match(posixClass);
        if (posix !== null) this.copy(posix[0].length);
        else {
          this.out += '\\[';
          this.at += 1;
        }
      } else if (character === '&') {
        this.out += '\\&';
        this.at += 1;
      } else this.copy(1);
    }
    this.copy(1);
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
    if (/^\(\?<>/.test(rest)) refusePattern('group name is empty');
    if (/^\(\?[^:=!<>~'#(]/.test(rest)) refusePattern('undefined group option');
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
