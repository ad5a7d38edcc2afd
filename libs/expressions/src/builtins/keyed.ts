import { meter } from '../run/meter';
import type { Json } from '../values/json';
import { ArrayOf } from '../compile/construct';
import { MapOver } from '../compile/forms';
import { Node, ONE, type One } from '../compile/node';

/** `sort_by(a)` and its kin: something computed of an array and of a key for each element. */
export class KeyedBy extends Node {
  constructor(
    readonly body: Node,
    readonly compute: (input: Json, keys: Json) => Json,
    at: number,
  ) {
    super(ONE, at);
  }

  override one(): One {
    const { at, body, compute } = this;
    // A single output compares just like the array of it that jq makes.
    const keys = new MapOver(body.card === ONE ? body : new ArrayOf(body, at), at).one();
    return (frame, input) => {
      const found = keys(frame, input) as Json[];
      meter.at = at;
      if (Array.isArray(input) || body.card !== ONE) return compute(input, found);
      // Only an error message shows the keys.
      return compute(
        input,
        found.map((key) => [key]),
      );
    };
  }
}
