import type { Json } from '@easyflow/engine';

type Key = string | number;
type Path = readonly Key[];
type Container = Json[] | { [key: string]: Json };

/** Puts a part of the state before in place of a null in the state after. */
export type StateRef = readonly [at: Path, from: Path];

/** Members of the state before that are looked at for containers, those nearest to its root first. */
const MOST_SEEN = 20_000;
/** Deeper parts are sent as they are. */
const DEEPEST = 32;

/**
 * A state as it is sent from a thread: what the turn left as it was is named and not sent. So a loop over a large list
 * costs the main thread nothing for the list, and what is stored already keeps being the same objects there.
 */
export function withRefs<T>(before: unknown, after: T): { state: T; refs: StateRef[] } {
  const known = containersOf(before as Json);
  const refs: StateRef[] = [];
  const replace = (value: Json, at: Path): Json => {
    if (!isContainer(value)) return value;
    const from = known.get(value);
    if (from) {
      refs.push([at, from]);
      return null;
    }
    if (at.length >= DEEPEST) return value;
    if (Array.isArray(value)) return value.map((item, index) => replace(item, [...at, index]));
    return mapMembers(value, (item, key) => replace(item, [...at, key]));
  };
  return { state: replace(after as Json, []) as T, refs };
}

/** Puts a state together again that came with references into the state before. */
export function resolveRefs<T>(before: unknown, after: T, refs: readonly StateRef[]): T {
  for (const [at, from] of refs) {
    const holder = partOf(after as Json, at.slice(0, -1));
    const key = at.at(-1);
    // A state is never a part of the one before as a whole: its numbers have changed.
    if (isContainer(holder) && key !== undefined) {
      (holder as { [key: string]: Json })[key] = partOf(before as Json, from);
    }
  }
  return after;
}

function containersOf(root: Json): Map<object, Path> {
  const known = new Map<object, Path>();
  if (!isContainer(root)) return known;
  const queue: [Container, Path][] = [[root, []]];
  let seen = 0;
  for (const [container, path] of queue) {
    for (const key of Array.isArray(container) ? container.keys() : Object.keys(container)) {
      if ((seen += 1) > MOST_SEEN) return known;
      const part = (container as { [key: Key]: Json })[key] as Json;
      if (!isContainer(part)) continue;
      const at = [...path, key];
      known.set(part, at);
      if (at.length < DEEPEST) queue.push([part, at]);
    }
  }
  return known;
}

function mapMembers(
  members: { [key: string]: Json },
  map: (value: Json, key: string) => Json,
): { [key: string]: Json } {
  const mapped: { [key: string]: Json } = {};
  for (const [key, member] of Object.entries(members)) {
    const value = map(member, key);
    // Set, it would become the prototype.
    if (key === '__proto__') {
      Object.defineProperty(mapped, key, {
        value,
        enumerable: true,
        configurable: true,
        writable: true,
      });
    } else mapped[key] = value;
  }
  return mapped;
}

function partOf(value: Json, path: Path): Json {
  let part = value;
  for (const key of path) part = (part as { [key: Key]: Json })[key] as Json;
  return part;
}

function isContainer(value: Json | undefined): value is Container {
  return typeof value === 'object' && value !== null;
}
