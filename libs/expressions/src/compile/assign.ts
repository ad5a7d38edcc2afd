import { build, meter, step } from '../run/meter';
import type { Json } from '../values/json';
import { deletePaths, getPath, setPath } from '../values/remove';
import {
  GO,
  isSame,
  MANY,
  Node,
  ONE,
  pathOf,
  raiseLost,
  STOP,
  type Each,
  type Frame,
  type One,
  type Out,
  type Paths,
  type Place,
  type Signal,
} from './node';
import { updaterOf } from './updaters';

/** Runs a path expression; hands on each path. */
export function pathsOf(
  node: Node,
): (frame: Frame, input: Json, out: (path: Json[], value: Json) => Signal) => Signal {
  const paths = node.paths();
  const { at } = node;
  return (frame, input, out) => {
    const root: Place = { parent: undefined, key: null, value: input };
    return paths(frame, root, input, (place, value) => {
      step();
      if (!isSame(value, place.value)) raiseLost(at, 'with result', value);
      const path = pathOf(place);
      build(16 + 8 * path.length);
      return out(path, value);
    });
  };
}

/** `path(a)` */
export class PathsOf extends Node {
  constructor(
    readonly body: Node,
    at: number,
  ) {
    super(body.card, at);
  }

  override one(): One {
    const each = this.each();
    return (frame, input) => {
      let found: Json | undefined;
      each(frame, input, (path) => {
        found = path;
        return GO;
      });
      return found;
    };
  }

  override each(): Each {
    const run = pathsOf(this.body);
    return (frame, input, out) => run(frame, input, (path) => out(path));
  }
}

/** `del(a)` */
export class Delete extends Node {
  constructor(
    readonly body: Node,
    at: number,
  ) {
    super(ONE, at);
  }

  override one(): One {
    const run = pathsOf(this.body);
    const { at } = this;
    return (frame, input) => {
      const found: Json[] = [];
      run(frame, input, (path) => {
        found.push(path);
        return GO;
      });
      meter.at = at;
      return deletePaths(input, found);
    };
  }
}

/** `getpath(a)`, which can be part of a path expression. */
export class GetPath extends Node {
  constructor(
    readonly path: Node,
    at: number,
  ) {
    super(path.card, at);
  }

  override one(): One {
    const path = this.path.one();
    const { at } = this;
    return (frame, input) => {
      const keys = path(frame, input);
      if (keys === undefined) return undefined;
      meter.at = at;
      return getPath(input, keys);
    };
  }

  override each(): Each {
    if (this.card !== MANY) return super.each();
    const path = this.path.each();
    const { at } = this;
    return (frame, input, out) =>
      path(frame, input, (keys) => {
        meter.at = at;
        return out(getPath(input, keys));
      });
  }

  override paths(): Paths {
    const path = this.path.each();
    const { at } = this;
    return (frame, place, input, out) =>
      path(frame, input, (keys) => {
        meter.at = at;
        const value = getPath(input, keys);
        if (!isSame(input, place.value)) return out(place, value);
        let reached = place;
        const list = keys as Json[];
        list.forEach((key, i) => {
          const isLast = i === list.length - 1;
          reached = { parent: reached, key, value: isLast ? value : null };
        });
        return out(reached, value);
      });
  }
}

/** `a = b` */
export class Assign extends Node {
  constructor(
    readonly left: Node,
    readonly right: Node,
    at: number,
  ) {
    super(right.card, at);
  }

  private setter(): (frame: Frame, input: Json, value: Json) => Json {
    const { at } = this;
    const update = updaterOf(this.left);
    const run = pathsOf(this.left);
    return (frame, input, value) => {
      const updated = update?.(frame, input, () => value);
      if (updated !== undefined) return updated;
      let result = input;
      run(frame, input, (path) => {
        meter.at = at;
        result = setPath(result, path, value);
        return GO;
      });
      return result;
    };
  }

  override one(): One {
    const right = this.right.one();
    const set = this.setter();
    return (frame, input) => {
      const value = right(frame, input);
      return value === undefined ? undefined : set(frame, input, value);
    };
  }

  override each(): Each {
    if (this.card !== MANY) return super.each();
    const right = this.right.each();
    const set = this.setter();
    return (frame, input, out) => right(frame, input, (value) => out(set(frame, input, value)));
  }
}

/** What to do with the value at a path; undefined deletes it. */
export type Change = (value: Json) => Json | undefined;

/** Changes what is at the paths of a node (`_modify` in jq). */
export function modifier(node: Node): (frame: Frame, input: Json, change: Change) => Json {
  const run = pathsOf(node);
  const update = updaterOf(node);
  const slow = (frame: Frame, input: Json, change: Change): Json => {
    let result = input;
    const gone: Json[] = [];
    run(frame, input, (path) => {
      const next = change(getPath(result, path));
      meter.at = node.at;
      if (next === undefined) gone.push(path);
      else result = setPath(result, path, next);
      return GO;
    });
    return gone.length === 0 ? result : deletePaths(result, gone);
  };
  if (update === undefined) return slow;
  return (frame, input, change) => {
    meter.at = node.at;
    const result = update(frame, input, change);
    // Deletions must wait until all changes are made.
    return result === undefined ? slow(frame, input, change) : result;
  };
}

/** `a |= b`; only the first output of `b` counts, and none deletes. */
export class Modify extends Node {
  constructor(
    readonly left: Node,
    readonly right: Node,
    at: number,
  ) {
    super(ONE, at);
  }

  override one(): One {
    const modify = modifier(this.left);
    const change = firstOf(this.right);
    return (frame, input) => modify(frame, input, (value) => change(frame, value));
  }
}

/** The first output of a node. */
export function firstOf(node: Node): One {
  if (node.card !== MANY) return node.one();
  const each = node.each();
  return (frame, input) => {
    let first: Json | undefined;
    each(frame, input, (value) => {
      first = value;
      return STOP;
    });
    return first;
  };
}

/** `a += b` and its kin: for each output of `b`, of the whole input. */
export class Update extends Node {
  constructor(
    readonly left: Node,
    readonly right: Node,
    readonly operation: (old: Json, value: Json) => Json,
    at: number,
  ) {
    super(right.card, at);
  }

  override one(): One {
    const { operation, at } = this;
    const right = this.right.one();
    const modify = modifier(this.left);
    return (frame, input) => {
      const value = right(frame, input);
      if (value === undefined) return undefined;
      return modify(frame, input, (old) => {
        meter.at = at;
        return operation(old, value);
      });
    };
  }

  override each(): Each {
    if (this.card !== MANY) return super.each();
    const { operation, at } = this;
    const right = this.right.each();
    const modify = modifier(this.left);
    return (frame, input, out: Out) =>
      right(frame, input, (value) =>
        out(
          modify(frame, input, (old) => {
            meter.at = at;
            return operation(old, value);
          }),
        ),
      );
  }
}
