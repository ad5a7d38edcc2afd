import { meter } from '../run/meter';
import type { Json } from '../values/json';
import {
  GO,
  MANY,
  Node,
  raiseLost,
  STOP,
  type Each,
  type Paths,
  type Signal,
} from '../compile/node';

/** Hands on what a builtin makes of the matches; ends when `out` says true. */
export type EmitMatches = (
  input: Json,
  pattern: Json,
  flags: Json,
  out: (value: Json) => boolean,
) => void;

/** `match`, `scan` and their kin: any number of outputs for each pattern and each flags. */
export class MatchEach extends Node {
  constructor(
    private readonly emit: EmitMatches,
    private readonly pattern: Node,
    private readonly flags: Node,
    /** Whether the pattern varies slower than the flags. */
    private readonly patternFirst: boolean,
    at: number,
    /** What the matches are iterated over as; undefined: the outputs are new values. */
    private readonly list?: EmitMatches,
  ) {
    super(MANY, at);
  }

  /** The matches are no part of the input: iterating over them ends a path expression. */
  override paths(): Paths {
    const { list, at } = this;
    if (list === undefined) return super.paths();
    const whole = new MatchEach(list, this.pattern, this.flags, this.patternFirst, at).each();
    return (frame, _place, input) =>
      whole(frame, input, (found) => raiseLost(at, 'near attempt to iterate through', found));
  }

  override each(): Each {
    const { emit, at } = this;
    const pattern = this.pattern.each();
    const flags = this.flags.each();
    const run = (
      input: Json,
      source: Json,
      letters: Json,
      out: (value: Json) => Signal,
    ): Signal => {
      let signal: Signal = GO;
      meter.at = at;
      emit(input, source, letters, (value) => {
        signal = out(value);
        return signal !== GO;
      });
      return signal === GO ? GO : STOP;
    };
    if (this.patternFirst) {
      return (frame, input, out) =>
        pattern(frame, input, (source) =>
          flags(frame, input, (letters) => run(input, source, letters, out)),
        );
    }
    return (frame, input, out) =>
      flags(frame, input, (letters) =>
        pattern(frame, input, (source) => run(input, source, letters, out)),
      );
  }
}
