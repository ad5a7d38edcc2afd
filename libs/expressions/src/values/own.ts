import { build, step } from '../run/meter';
import { putElement, set } from './access';
import { add, addEntries } from './arithmetic';
import { isObject, type Json, type JsonObject } from './json';
import { KeyCount, put } from './object';

type Container = Json[] | JsonObject;

/** Whether a value holds others. */
export const isContainer = (value: Json): value is Container =>
  typeof value === 'object' && value !== null;

/** So many keys are set before those that a copy began with are counted, too. */
const keysUntilCounted = 8_192;

/**
 * The containers that nothing but a state under construction refers to, so that they can be
 * changed in place: `reduce .[] as $x ({}; .[$x.id] = $x)` would else copy what it has built so
 * far at every step.
 */
export class OwnContainers {
  /** Made when there is one; many states are numbers. */
  private known: WeakMap<Container, KeyCount> | undefined;

  private own(value: Json): Json {
    if (isContainer(value)) {
      (this.known ??= new WeakMap()).set(value, new KeyCount(keysUntilCounted));
    }
    return value;
  }

  private sizeOf(value: Json): KeyCount | undefined {
    return isContainer(value) ? this.known?.get(value) : undefined;
  }

  /** From now on something else may refer to any of them. */
  forget(): void {
    this.known = undefined;
  }

  /** The container with the value at the key: itself, or a copy that is owned from now on. */
  set(container: Json, key: Json, value: Json): Json {
    const size = this.sizeOf(container);
    if (size !== undefined) {
      if (Array.isArray(container) && typeof key === 'number') {
        step();
        build(8);
        putElement(container, key, value);
        return container;
      }
      if (isObject(container) && typeof key === 'string') {
        step();
        build(32);
        put(container, key, value);
        size.count(container);
        return container;
      }
    }
    return this.own(set(container, key, value));
  }

  /** `a + b`; what is owned grows. */
  add(a: Json, b: Json): Json {
    const size = this.sizeOf(a);
    if (size !== undefined) {
      if (Array.isArray(a) && Array.isArray(b)) {
        build(8 * b.length);
        for (const element of b) {
          step();
          a.push(element);
        }
        return a;
      }
      if (isObject(a) && isObject(b)) {
        addEntries(a, b, size);
        return a;
      }
    }
    const sum = add(a, b);
    return sum === a || sum === b ? sum : this.own(sum);
  }
}
