import { Literal } from '../compile/basic';
import { build, meter } from '../run/meter';
import { raiseAbout } from '../run/raise';
import { add } from '../values/arithmetic';
import type { Json } from '../values/json';
import { TextBuilder } from '../values/pieces';
import {
  GO,
  MANY,
  Node,
  ONE,
  raiseLost,
  widest,
  type Each,
  type Frame,
  type One,
  type Out,
  type Paths,
} from '../compile/node';
import { eachMatch, namedGroups, regexOf, type Slots } from './match';

/** Makes the replacements of one match. */
type Replace = (frame: Frame, groups: Json, out: (value: Json) => void) => void;

/** `sub(pattern; text; flags)` and `gsub`: the text may have several outputs. */
export class Substitute extends Node {
  constructor(
    private readonly pattern: Node,
    private readonly replacement: Node,
    private readonly flags: Node,
    private readonly all: boolean,
    /** The lists of the matches. */
    private readonly matches: Node,
    at: number,
  ) {
    // Without a replacement the input itself is the output.
    super(replacement.card === MANY ? MANY : widest(ONE, pattern.card, flags.card), at);
  }

  /** The results for one pattern: the n-th from the n-th replacements of all matches. */
  private results(
    frame: Frame,
    input: Json,
    source: Json,
    letters: Json,
    replace: Replace,
  ): Json[] {
    meter.at = this.at;
    const flags = this.all ? add(letters, 'g') : letters;
    if (typeof input !== 'string') {
      return raiseAbout(input, 'cannot be matched, as it is not a string');
    }
    const regex = regexOf(source, flags);
    const found: Slots[] = [];
    eachMatch(input, regex, (slots) => {
      found.push(slots.slice());
      return false;
    });
    const results: Json[] = [];
    let previous = 0;
    for (const slots of found) {
      const gap = input.slice(previous, slots[0]);
      let n = 0;
      replace(frame, namedGroups(input, regex.program, slots), (value) => {
        meter.at = this.at;
        const piece = add(gap, value);
        results[n] = n < results.length ? add(results[n] as Json, piece) : piece;
        n += 1;
      });
      previous = slots[1] as number;
    }
    if (results.length === 0) return [input];
    const rest = input.slice(previous);
    build(rest.length);
    return results.map((result) => add(result, rest));
  }

  /** jq iterates over the matches, which are no part of the input. */
  override paths(): Paths {
    const { at } = this;
    const matches = this.matches.each();
    return (frame, _place, input) =>
      matches(frame, input, (list) => raiseLost(at, 'near attempt to iterate through', list));
  }

  /** The result where every match is replaced by the same text. */
  private constant(text: string): (input: Json, source: Json, letters: Json) => Json {
    const { at, all } = this;
    return (input, source, letters) => {
      meter.at = at;
      const flags = all ? add(letters, 'g') : letters;
      if (typeof input !== 'string') {
        return raiseAbout(input, 'cannot be matched, as it is not a string');
      }
      let result: TextBuilder | undefined;
      let previous = 0;
      eachMatch(input, regexOf(source, flags), (slots) => {
        const [start, end] = slots as readonly [number, number];
        result ??= new TextBuilder();
        build(start - previous + text.length);
        result.append(input.slice(previous, start) + text);
        previous = end;
        return false;
      });
      if (result === undefined) return input;
      build(input.length - previous);
      result.append(input.slice(previous));
      return result.end();
    };
  }

  override one(): One {
    const pattern = this.pattern.one();
    const flags = this.flags.one();
    if (this.replacement instanceof Literal && typeof this.replacement.value === 'string') {
      const replaceAll = this.constant(this.replacement.value);
      return (frame, input) => {
        const source = pattern(frame, input);
        if (source === undefined) return undefined;
        const letters = flags(frame, input);
        return letters === undefined ? undefined : replaceAll(input, source, letters);
      };
    }
    const replacement = this.replacement.one();
    const replace: Replace = (frame, groups, out) => {
      const value = replacement(frame, groups);
      if (value !== undefined) out(value);
    };
    return (frame, input) => {
      const source = pattern(frame, input);
      if (source === undefined) return undefined;
      const letters = flags(frame, input);
      if (letters === undefined) return undefined;
      return this.results(frame, input, source, letters, replace)[0];
    };
  }

  override each(): Each {
    if (this.card !== MANY) return super.each();
    const pattern = this.pattern.each();
    const flags = this.flags.each();
    const replacement = this.replacement.each();
    const replace: Replace = (frame, groups, out) => {
      replacement(frame, groups, (value) => {
        out(value);
        return GO;
      });
    };
    const emit = (frame: Frame, input: Json, source: Json, letters: Json, out: Out) => {
      for (const result of this.results(frame, input, source, letters, replace)) {
        const signal = out(result);
        if (signal !== GO) return signal;
      }
      return GO;
    };
    return (frame, input, out) =>
      pattern(frame, input, (source) =>
        flags(frame, input, (letters) => emit(frame, input, source, letters, out)),
      );
  }
}
