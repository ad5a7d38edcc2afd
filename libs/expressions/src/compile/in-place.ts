import { meter } from '../run/meter';
import { add } from '../values/arithmetic';
import { get, isSettable } from '../values/access';
import { isTrue, type Json } from '../values/json';
import { isContainer, type OwnContainers } from '../values/own';
import { setPath } from '../values/remove';
import { Assign, Modify, Update } from './assign';
import { Index } from './access';
import { Identity, Literal, Pipe, Variable } from './basic';
import { Bind } from './bindings';
import { ArrayOf, Interpolation, ObjectOf } from './construct';
import { ValueCall } from './calls';
import { If } from './control';
import { ONE, type Frame, type Node, type One } from './node';
import { Alternative, Binary, Logic, Negate } from './operators';

/** Makes the next state; it may change the containers that it owns. */
export type Stepper = (frame: Frame, state: Json, own: OwnContainers) => Json;

/** Changes what is at one place of the state. */
type Changer = (frame: Frame, state: Json, own: OwnContainers, change: (old: Json) => Json) => Json;

/**
 * Whether the only output of a node has nothing to do with its input, and so cannot refer to
 * the state.
 */
function isApart(node: Node): boolean {
  if (node.card !== ONE) return false;
  if (node instanceof Literal || node instanceof Variable) return true;
  if (node instanceof Pipe) return isApart(node.left);
  if (node instanceof Index) return isApart(node.target) && isApart(node.key);
  if (node instanceof Binary || node instanceof Logic || node instanceof Alternative) {
    return isApart(node.left) && isApart(node.right);
  }
  if (node instanceof Negate || node instanceof ArrayOf) return isApart(node.body);
  if (node instanceof ObjectOf) {
    return node.entries.every(
      ({ key, value }) => isApart(key) && value !== undefined && isApart(value),
    );
  }
  if (node instanceof Interpolation) {
    return node.parts.every((part) => typeof part === 'string' || isApart(part));
  }
  if (node instanceof If) {
    return [node.condition, node.then, node.otherwise].every(isApart);
  }
  return false;
}

/** A value that has nothing to do with the state. */
function valueOf(node: Node): ((frame: Frame) => Json) | undefined {
  if (!isApart(node)) return undefined;
  const one = node.one();
  return (frame) => one(frame, null) as Json;
}

function changerOf(node: Node): Changer | undefined {
  if (node instanceof Identity) return (_, state, __, change) => change(state);
  if (node instanceof Pipe) {
    const left = changerOf(node.left);
    const right = changerOf(node.right);
    if (left === undefined || right === undefined) return undefined;
    return (frame, state, own, change) =>
      left(frame, state, own, (value) => right(frame, value, own, change));
  }
  if (!(node instanceof Index) || node.optional) return undefined;
  // What cannot be set is complained about from the outside in.
  if (node.key instanceof Literal && !isSettable(node.key.value)) return undefined;
  const target = changerOf(node.target);
  const key = valueOf(node.key);
  if (target === undefined || key === undefined) return undefined;
  const { at } = node;
  return (frame, state, own, change) =>
    target(frame, state, own, (container) => {
      const name = key(frame);
      meter.at = at;
      const next = change(get(container, name));
      meter.at = at;
      return own.set(container, name, next);
    });
}

/** `a = b`, `a op= b` and `a |= b`. */
function changeStepper(node: Assign | Update | Modify): Stepper | undefined {
  const changer = changerOf(node.left);
  if (changer === undefined) return undefined;
  if (node instanceof Modify) {
    const right = node.right.card === ONE ? node.right.one() : undefined;
    return right === undefined ? undefined : modifyStepper(changer, right);
  }
  const right = valueOf(node.right);
  if (right === undefined) return undefined;
  if (node instanceof Assign) {
    return (frame, state, own) => {
      const value = right(frame);
      return changer(frame, state, own, () => value);
    };
  }
  const { at, operation } = node;
  return (frame, state, own) => {
    const value = right(frame);
    return changer(frame, state, own, (old) => {
      meter.at = at;
      return operation === add ? own.add(old, value) : operation(old, value);
    });
  };
}

function modifyStepper(changer: Changer, right: One): Stepper {
  return (frame, state, own) =>
    changer(frame, state, own, (old) => {
      const next = right(frame, old) as Json;
      // The new value may hold any part of the old one twice.
      if (isContainer(old)) own.forget();
      return next;
    });
}

/** How the state of a `reduce` is changed in place; undefined: its update may keep the state. */
export function stepperOf(node: Node): Stepper | undefined {
  if (node.card !== ONE) return undefined;
  if (node instanceof Identity) return (_, state) => state;
  if (node instanceof Assign || node instanceof Update || node instanceof Modify) {
    return changeStepper(node);
  }
  if (node instanceof Binary) {
    const right = valueOf(node.right);
    const isSum = node.operator === '+' && node.left instanceof Identity;
    if (!isSum || right === undefined) return undefined;
    const { at } = node;
    return (frame, state, own) => {
      const value = right(frame);
      meter.at = at;
      return own.add(state, value);
    };
  }
  if (node instanceof ValueCall) return setter(node);
  if (node instanceof Pipe) return sequence(node);
  if (node instanceof If) return choice(node);
  if (node instanceof Bind) return binding(node);
  return undefined;
}

/** Paths that are longer are left to `setPath`, which needs no stack; so are odd keys. */
const longestPath = 100;

function setIn(
  state: Json,
  path: readonly Json[],
  at: number,
  value: Json,
  own: OwnContainers,
): Json {
  const key = path[at];
  if (key === undefined) return value;
  const inside = setIn(get(state, key), path, at + 1, value, own);
  return own.set(state, key, inside);
}

/** `setpath(path; value)` */
function setter(node: ValueCall): Stepper | undefined {
  if (node.run !== setPath) return undefined;
  const path = valueOf(node.given[0] as Node);
  const value = valueOf(node.given[1] as Node);
  if (path === undefined || value === undefined) return undefined;
  const { at } = node;
  return (frame, state, own) => {
    const next = value(frame);
    const keys = path(frame);
    meter.at = at;
    if (Array.isArray(keys) && keys.length <= longestPath && keys.every(isSettable)) {
      return setIn(state, keys, 0, next, own);
    }
    return setPath(state, keys, next);
  };
}

function sequence(node: Pipe): Stepper | undefined {
  const left = stepperOf(node.left);
  const right = stepperOf(node.right);
  if (left === undefined || right === undefined) return undefined;
  return (frame, state, own) => right(frame, left(frame, state, own), own);
}

function choice(node: If): Stepper | undefined {
  const then = stepperOf(node.then);
  const otherwise = stepperOf(node.otherwise);
  if (then === undefined || otherwise === undefined || node.condition.card !== ONE) {
    return undefined;
  }
  const condition = node.condition.one();
  return (frame, state, own) =>
    isTrue(condition(frame, state) as Json)
      ? then(frame, state, own)
      : otherwise(frame, state, own);
}

function binding(node: Bind): Stepper | undefined {
  const slot = node.destructuring.onlySlot;
  const value = valueOf(node.source);
  const body = stepperOf(node.body);
  if (slot === undefined || value === undefined || body === undefined) return undefined;
  return (frame, state, own) => {
    frame[slot] = value(frame);
    return body(frame, state, own);
  };
}
