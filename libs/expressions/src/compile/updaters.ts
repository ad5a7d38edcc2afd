import { build, meter, step } from '../run/meter';
import { get, isSettable, set } from '../values/access';
import { isObject, type Json, type JsonObject } from '../values/json';
import { ownKeys, put } from '../values/object';
import { Index, Iterate } from './access';
import { Identity, Literal, Pipe, Variable } from './basic';
import { Select } from './select';
import { type Frame, MANY, type Node } from './node';

/** The answer that leaves a value, and so all around it, as it is. */
const keep = Object.freeze({}) as Json;

/**
 * Changes the values at the places of a path expression by one walk down the input, where the
 * places cannot overlap. Answers undefined when a change did.
 */
export type Updater = (
  frame: Frame,
  input: Json,
  change: (value: Json) => Json | undefined,
) => Json | undefined;

/** The updater of a path expression, where it is of a shape that has one. */
export function updaterOf(node: Node): Updater | undefined {
  const update = innerUpdaterOf(node);
  if (update === undefined) return undefined;
  return (frame, input, change) => {
    const result = update(frame, input, change);
    return result === keep ? input : result;
  };
}

function innerUpdaterOf(node: Node): Updater | undefined {
  if (node instanceof Identity) return (_, input, change) => change(input);
  if (node instanceof Pipe) return ofPipe(node);
  if (node instanceof Index) return ofIndex(node);
  if (node instanceof Iterate) return ofIterate(node);
  if (node instanceof Select && node.condition.card !== MANY) return ofSelect(node);
  return undefined;
}

function ofPipe(node: Pipe): Updater | undefined {
  const left = innerUpdaterOf(node.left);
  const right = innerUpdaterOf(node.right);
  if (left === undefined || right === undefined) return undefined;
  return (frame, input, change) => left(frame, input, (value) => right(frame, value, change));
}

function ofIndex(node: Index): Updater | undefined {
  // Other keys may depend on the input of the whole expression.
  if (node.optional || !(node.key instanceof Literal || node.key instanceof Variable)) {
    return undefined;
  }
  const target = innerUpdaterOf(node.target);
  if (target === undefined) return undefined;
  const { at } = node;
  const key = node.key.one();
  return (frame, input, change) =>
    target(frame, input, (container) => {
      const name = key(frame, null) as Json;
      // jq says what is wrong with the keys from the outside in, once it has the new value.
      if (!isSettable(name)) return undefined;
      meter.at = at;
      const next = change(get(container, name));
      if (next === undefined || next === keep) return next;
      meter.at = at;
      return set(container, name, next);
    });
}

function ofIterate(node: Iterate): Updater | undefined {
  if (node.optional) return undefined;
  const target = innerUpdaterOf(node.target);
  if (target === undefined) return undefined;
  const { at } = node;
  return (frame, input, change) =>
    target(frame, input, (container) => {
      if (Array.isArray(container)) return changeElements(container, change);
      if (isObject(container)) return changeValues(container, change);
      meter.at = at;
      return undefined;
    });
}

function changeElements(
  array: readonly Json[],
  change: (value: Json) => Json | undefined,
): Json | undefined {
  build(16 + 8 * array.length);
  const changed: Json[] = [];
  let isKept = true;
  for (let i = 0; i < array.length; i += 1) {
    step();
    const next = change(array[i] as Json);
    if (next === undefined) return undefined;
    if (next !== keep) isKept = false;
    changed.push(next === keep ? (array[i] as Json) : next);
  }
  return isKept ? keep : changed;
}

function changeValues(
  object: JsonObject,
  change: (value: Json) => Json | undefined,
): Json | undefined {
  const keys = ownKeys(object);
  let isKept = true;
  build(64 + 32 * keys.length);
  const changed: JsonObject = {};
  for (const key of keys) {
    step();
    const next = change(object[key] as Json);
    if (next === undefined) return undefined;
    if (next !== keep) isKept = false;
    put(changed, key, next === keep ? (object[key] as Json) : next);
  }
  return isKept ? keep : changed;
}

function ofSelect(node: Select): Updater {
  const condition = node.condition.one();
  return (frame, input, change) => {
    const chosen = condition(frame, input);
    return chosen === undefined || chosen === null || chosen === false ? keep : change(input);
  };
}
