import { wallClock } from './clock';
import type { CpuAllowance } from './cpu-allowance';
import { LimitReached, type LimitName } from './failure';

/**
 * What one evaluation may use. Steps and bytes are counted, the same wherever it runs: at their bound it fails. Time only
 * interrupts it.
 */
export interface Limits {
  /** Steps: an output, an iteration, a call, an element touched by a builtin. See {@link defaultLimits}. */
  steps?: number;
  /** Bytes that may be built, counted as they are built (what is dropped again counts too). */
  bytes?: number;
  /** Steps that it shares with others, instead of its own. */
  pool?: StepPool;
  /** CPU that it shares with others; without one it is never interrupted. */
  cpu?: CpuAllowance;
}

/** What an evaluation is given beside its input and variables. */
export interface Conditions extends Limits {
  /**
   * What jq's `now` gives, in milliseconds since the epoch, or a function that is asked for it when the program first
   * reads it; the time then where nothing is given.
   */
  now?: number | (() => number);
}

/** Steps of several evaluations, one after the other. */
export class StepPool {
  left: number;

  constructor(readonly size: number = defaultLimits.steps) {
    this.left = size;
  }
}

/** Fifty million steps, 256 MiB. */
export const defaultLimits: Readonly<Required<Pick<Limits, 'steps' | 'bytes'>>> = {
  steps: 50_000_000,
  bytes: 256 * 1024 * 1024,
};

/** The clock is read once in so many steps: 20 to 50 µs of plain ones. */
const STEPS_BETWEEN_LOOKS = 4096;

/** What a short evaluation takes, in steps: a template may hold a hundred thousand, none of which would look. */
const STEPS_OF_A_START = 64;

/** What a step takes at most, in milliseconds, when a builtin counts many of them before it takes them. */
const LONGEST_STEP = 1e-4;

/** Small integers are counted fastest. */
const LARGEST_CHUNK = 2 ** 29;

/**
 * The budgets of the evaluation under way. There is one, because an evaluation is synchronous
 * and never calls out: a module-level object costs the least on hot paths.
 */
export const meter = {
  /** Steps until the next look at the clock, or the bound. */
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

/**
 * The most keys of an object that an evaluation builds. The engine lists the keys of an object
 * at once, in 0.3 to 0.8 µs for each, and nothing can interrupt it.
 */
export const mostKeys = 100_000;

/** What there is at least for making results of what was computed. */
const rest = { steps: 1_000_000, bytes: 16 * 1024 * 1024 };

let stepsAfterChunk = 0;
let chunkSize = 0;
/** Steps until the next look, of this evaluation and those after it. */
let untilLook = STEPS_BETWEEN_LOOKS;
/** Steps beyond the bound that were granted. */
let granted = 0;
let limits: Conditions = {};
let mostSteps = 0;
let mostBytes = 0;
let now: number | undefined;

function takeChunk(): void {
  const most = limits.cpu ? untilLook : LARGEST_CHUNK;
  chunkSize = Math.min(most, stepsAfterChunk);
  stepsAfterChunk -= chunkSize;
  meter.left += chunkSize;
}

/** Books what the evaluation before has used. */
function settle(): void {
  untilLook -= chunkSize - meter.left;
  const { pool } = limits;
  if (pool) pool.left = stepsAfterChunk + meter.left - granted;
}

function look(): void {
  untilLook = STEPS_BETWEEN_LOOKS;
  limits.cpu?.look();
}

/**
 * Starts the budgets of an evaluation.
 * @throws LimitReached when the steps that it shares are used up
 * @throws ExpressionInterrupted
 */
export function startMeter(wanted: Conditions | undefined): void {
  settle();
  begin(wanted ?? {});
  untilLook -= STEPS_OF_A_START;
  if (untilLook <= 0) look();
  if (stepsAfterChunk < 0) tooManySteps();
  takeChunk();
}

function begin(wanted: Conditions): void {
  limits = wanted;
  mostSteps = wanted.pool?.size ?? wanted.steps ?? defaultLimits.steps;
  mostBytes = wanted.bytes ?? defaultLimits.bytes;
  now = undefined;
  stepsAfterChunk = wanted.pool?.left ?? mostSteps;
  chunkSize = 0;
  granted = 0;
  meter.left = 0;
  meter.room = mostBytes;
  meter.at = -1;
  meter.nonFinite = false;
  meter.label = 0;
}

/** Runs something with budgets of its own; those of an evaluation under way stay as they are. */
export function aside<T>(wanted: Limits, run: () => T): T {
  const before = { ...meter };
  const others = [stepsAfterChunk, chunkSize, untilLook, granted] as const;
  const wishes = [limits, mostSteps, mostBytes, now] as const;
  begin(wanted);
  takeChunk();
  try {
    return run();
  } finally {
    Object.assign(meter, before);
    [stepsAfterChunk, chunkSize, untilLook, granted] = others;
    [limits, mostSteps, mostBytes, now] = wishes;
  }
}

/** Seconds since the epoch, the same in the whole evaluation. */
export function evaluationTime(): number {
  if (now === undefined) {
    const given = limits.now ?? wallClock;
    now = typeof given === 'number' ? given : given();
  }
  return now / 1_000;
}

/** Ends the evaluation at one of its bounds. */
export function reached(limit: LimitName, text: string): never {
  throw new LimitReached(limit, text, meter.at);
}

function tooManySteps(): never {
  const whose = limits.pool ? 'The expressions of one value' : 'Evaluation';
  reached('steps', `${whose} took more than ${mostSteps} steps`);
}

/**
 * Called when a chunk of steps is used up.
 * @throws LimitReached, ExpressionInterrupted
 */
export function refill(): void {
  // A builtin counts its steps before it takes them, so what is missing is what comes without another look.
  const ahead = -meter.left;
  stepsAfterChunk -= ahead;
  meter.left = 0;
  chunkSize = 0;
  if (stepsAfterChunk < 0) tooManySteps();
  look();
  if (ahead > STEPS_BETWEEN_LOOKS) limits.cpu?.demand(ahead * LONGEST_STEP);
  takeChunk();
}

/**
 * Gives what is left to do with the results so many steps and bytes at least, where the evaluation has used up its own.
 */
export function grantRest(): void {
  const more = Math.max(0, rest.steps - stepsAfterChunk);
  granted += more;
  stepsAfterChunk += more;
  meter.left = Math.max(meter.left, 0);
  meter.room = Math.max(meter.room, rest.bytes);
}

/** Whether the evaluation has built nothing: then its result is a part of what it was given. */
export function builtNothing(): boolean {
  return meter.room === mostBytes;
}

/** What the results may take where they are written out, in bytes. */
export function mostResult(): number {
  return Math.max(mostBytes, rest.bytes);
}

/** Counts one step. */
export function step(): void {
  if ((meter.left -= 1) < 0) refill();
}

/** Counts the steps of a builtin that touches `count` elements. */
export function steps(count: number): void {
  if ((meter.left -= count) < 0) refill();
}

/** From so many bytes on, building takes steps too: one for 64 bytes, which are copied and collected again. */
const MANY_BYTES = 1024;

/** Counts bytes about to be built. */
export function build(bytes: number): void {
  if ((meter.room -= bytes) < 0) {
    reached('memory', `Evaluation built more than ${mostBytes} bytes`);
  }
  if (bytes >= MANY_BYTES && (meter.left -= bytes >> 6) < 0) refill();
}
