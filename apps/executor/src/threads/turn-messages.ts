import type { Advance, CallHttpEffect, ExecutionState, Json, Signal } from '@easyflow/engine';
import type { StateRef } from './state-refs';

/** A turn that a thread is to take. */
export interface TurnJob {
  /** Identifies the program: its tenant's, in one version. */
  readonly program: string;
  /** JSON of the document, where the thread has said that it lacks the program. */
  readonly document?: string | undefined;
  /** The number of the answer whose state the thread still has, instead of the state. */
  readonly stateOf?: number | undefined;
  /** Absent before the first turn. */
  readonly state?: ExecutionState | undefined;
  readonly start: {
    readonly executionId: string;
    readonly input: Json;
    readonly parentId?: string | undefined;
  };
  readonly now: number;
  readonly signals: readonly Signal[];
  /** Flows that are known not to exist. */
  readonly missing: readonly string[];
  /** Tasks that the turn may begin, where they are few. */
  readonly steps?: number | undefined;
  /** Whether effects in flight are to be performed again. */
  readonly redispatch: boolean;
}

/** What a thread answers. */
export type TurnAnswer =
  | { readonly kind: 'lacks'; readonly what: 'program' | 'state' }
  | {
      readonly kind: 'done';
      readonly number: number;
      /** Its state has null where parts of the state before stand. */
      readonly step: Advance;
      readonly refs: readonly StateRef[];
      /** Effects in flight, where they were asked for. */
      readonly inFlight: readonly CallHttpEffect[];
      readonly cpuMs: number;
    }
  | {
      readonly kind: 'failed';
      readonly code: string | undefined;
      readonly message: string;
      readonly stack: string | undefined;
    };
