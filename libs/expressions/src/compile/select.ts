import { isTrue, type Json } from '../values/json';
import { GO, MANY, MAYBE, Node, type Each, type One, type Paths } from './node';

/** `select(a)` */
export class Select extends Node {
  constructor(
    readonly condition: Node,
    at: number,
  ) {
    super(condition.card === MANY ? MANY : MAYBE, at);
  }

  override one(): One {
    const condition = this.condition.one();
    return (frame, input): Json | undefined => {
      const value = condition(frame, input);
      return value === undefined || value === null || value === false ? undefined : input;
    };
  }

  override each(): Each {
    if (this.card !== MANY) return super.each();
    const condition = this.condition.each();
    return (frame, input, out) =>
      condition(frame, input, (value) => (isTrue(value) ? out(input) : GO));
  }

  override paths(): Paths {
    const condition = this.condition.each();
    return (frame, place, input, out) =>
      condition(frame, input, (value) => (isTrue(value) ? out(place, input) : GO));
  }
}
