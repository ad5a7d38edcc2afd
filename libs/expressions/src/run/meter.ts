import { LimitReached, type LimitName } from './failure';

/** What one evaluation may use. Every field has a default; see {@link defaultLimits}. */
export interface Limits {
  /** Steps: an output, an iteration, a call, an element touched by a builtin. */
  steps?: number;
  /** Wall clock, in milliseconds. */
  milliseconds?: number;
  /** Bytes that may be built, counted as they are built (what is dropped again counts too). */
  bytes?: number;
}

/** Fifty million steps, one second, 256 MiB. */
export const defaultLimits: Readonly<Required<Limits>> = {
  steps: 50_000_000,
  milliseconds: 1_000,
  bytes: 256 * 1024 * 1024,
};

/** The clock is read once in so many steps; at worst some 100 ns each. */
const chunk = 4096;

/**
 * The budgets of the evaluation under way. There is one, because an evaluation is synchronous
 * and never calls out: a module-level object costs the least on hot paths.
 */
export const meter = {
  /** Steps until the next look at the clock. */
  left: 0,
  /** Bytes that may still be built. */
  room: 0,
  /** Offset in the source of the operation under way, for errors. */
  at: -1,
  /** Whether a number that JSON cannot carry (NaN, infinity) has come up. */
  nonFinite: false,
  /** Number of the next label. */
  label: 0,
};

/** More steps than this are not made before the clock is started. */
const firstChunk = 64;

/**
 * The most keys of an object that an evaluation builds. The engine lists the keys of an object
 * at once, in 0.3 to 0.8 µs for each, and nothing can interrupt it.
 */
export const mostKeys = 100_000;

/** What there is at least for making results of what was computed. */
const rest: Readonly<Required<Limits>> = {
  steps: 1_000_000,
  milliseconds: 25,
  bytes: 16 * 1024 * 1024,
};

let stepsAfterChunk = 0;
let chunkSize = 0;
let deadline = 0;
let limits: Required<Limits> = defaultLimits;

function takeChunk(size: number): void {
  chunkSize = Math.min(size, stepsAfterChunk);
  stepsAfterChunk -= chunkSize;
  meter.left += chunkSize;
}

/** Starts the budgets of an evaluation. */
export function startMeter(wanted: Limits | undefined): void {
  limits = {
    steps: wanted?.steps ?? defaultLimits.steps,
    milliseconds: wanted?.milliseconds ?? defaultLimits.milliseconds,
    bytes: wanted?.bytes ?? defaultLimits.bytes,
  };
  deadline = -1;
  stepsAfterChunk = limits.steps;
  meter.left = 0;
  meter.room = limits.bytes;
  meter.at = -1;
  meter.nonFinite = false;
  meter.label = 0;
  takeChunk(firstChunk);
}

/** Runs something with budgets of its own; those of an evaluation under way stay as they are. */
export function aside<T>(wanted: Limits, run: () => T): T {
  const before = { ...meter };
  const others = [stepsAfterChunk, deadline, limits] as const;
  startMeter(wanted);
  try {
    return run();
  } finally {
    Object.assign(meter, before);
    [stepsAfterChunk, deadline, limits] = others;
  }
}

/** Ends the evaluation at one of its bounds. */
export function reached(limit: LimitName, text: string): never {
  throw new LimitReached(limit, text, meter.at);
}

/** Called when a chunk of steps is used up. */
export function refill(): void {
  const now = performance.now();
  // The first look, a few steps in, starts the clock: short expressions never read it.
  if (deadline < 0) deadline = now + limits.milliseconds;
  else if (now > deadline) {
    reached('time', `Evaluation took longer than ${limits.milliseconds} ms`);
  }
  while (meter.left < 0) {
    if (stepsAfterChunk <= 0) {
      reached('steps', `Evaluation took more than ${limits.steps} steps`);
    }
    takeChunk(chunk);
  }
}

/**
 * Gives what is left to do with the results so much time and room at least, where the
 * evaluation has used up its own.
 */
export function grantRest(): void {
  stepsAfterChunk = Math.max(stepsAfterChunk, rest.steps);
  if (deadline >= 0) deadline = Math.max(deadline, performance.now() + rest.milliseconds);
  meter.left = Math.max(meter.left, 0);
  meter.room = Math.max(meter.room, rest.bytes);
}

/** Whether the evaluation has built nothing: then its result is a part of what it was given. */
export function builtNothing(): boolean {
  return meter.room === limits.bytes;
}

/** What the results may take where they are written out, in bytes. */
export function mostResult(): number {
  return Math.max(limits.bytes, rest.bytes);
}

/** Counts one step. */
export function step(): void {
  if ((meter.left -= 1) < 0) refill();
}

/** Counts the steps of a builtin that touches `count` elements. */
export function steps(count: number): void {
  if ((meter.left -= count) < 0) refill();
}

/** Counts bytes about to be built. */
export function build(bytes: number): void {
  if ((meter.room -= bytes) < 0) {
    reached('memory', `Evaluation built more than ${limits.bytes} bytes`);
  }
}
