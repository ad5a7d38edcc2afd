import { counter, gauge, histogram } from '@easyflow/platform-telemetry';

/** `easyflow.execution.status`: completed, faulted or cancelled. */
export const executionsEnded = counter({
  name: 'easyflow.execution.ended',
  unit: '{execution}',
  description: 'Executions whose end has committed',
  attributes: ['easyflow.execution.status'],
});

export const executionsInFlight = gauge({
  name: 'easyflow.execution.in_flight',
  unit: '{execution}',
  description: 'Executions in the memory of the process',
});

/** Of a batch that was read, one measurement: eco executions and those that had begun before do not count. */
export const startDelay = histogram({
  name: 'easyflow.execution.start.delay',
  unit: 's',
  description: 'Age of the oldest execution of a claim that had not begun',
});

export const claimSize = histogram({
  name: 'easyflow.claim.size',
  unit: '{execution}',
  description: 'Executions that a claim took; 0 when none was due',
});

export const flushSize = histogram({
  name: 'easyflow.checkpoint.flush.size',
  unit: '{checkpoint}',
  description: 'Checkpoints of a flush; 0 when it only deletes entries of the outbox',
});

/** `easyflow.outcome`: written or failed. */
export const flushDuration = histogram({
  name: 'easyflow.checkpoint.flush.duration',
  unit: 's',
  description: 'Duration of a flush of checkpoints, its commit included',
  attributes: ['easyflow.outcome'],
});

export const flushesRepeated = counter({
  name: 'easyflow.checkpoint.flush.repeated',
  unit: '{flush}',
  description: 'Flushes that are repeated, wholly or for some of their tenants',
});

/** `easyflow.lease.loss`: `expired` by this process's own clock, or `taken` by another process. */
export const leasesLost = counter({
  name: 'easyflow.lease.lost',
  unit: '{lease}',
  description: 'Executions dropped because their lease ended or was taken over',
  attributes: ['easyflow.lease.loss'],
});

export const turnsInterrupted = counter({
  name: 'easyflow.turn.interrupted',
  unit: '{turn}',
  description: 'Turns that took too long for the event loop and were taken again by a thread',
});

export const turnsOnThreads = counter({
  name: 'easyflow.turn.threaded',
  unit: '{turn}',
  description: 'Turns that threads have taken',
});

export const turnsWaiting = gauge({
  name: 'easyflow.turn.waiting',
  unit: '{turn}',
  description: 'Turns that wait for a thread',
});

export const threadsDied = counter({
  name: 'easyflow.thread.died',
  unit: '{thread}',
  description: 'Threads that ended within a turn and were replaced',
});

/** `easyflow.deferral.cause`: not_here, defect, thread, row or crashes. */
export const executionsDeferred = counter({
  name: 'easyflow.execution.deferred',
  unit: '{execution}',
  description: 'Executions given back because this process cannot run them',
  attributes: ['easyflow.deferral.cause'],
});

/** `easyflow.deferral.cause`: as above. */
export const executionsParked = counter({
  name: 'easyflow.execution.parked',
  unit: '{execution}',
  description: 'Executions suspended because no process came to a checkpoint of them',
  attributes: ['easyflow.deferral.cause'],
});

export const turnsHeldBack = counter({
  name: 'easyflow.execution.held_back',
  unit: '{turn}',
  description: "Turns put off because their sub-flows are over their tenant's rate",
});

/** `easyflow.effect.kind`: callHttp. `easyflow.outcome`: succeeded, failed, or abandoned (nobody waits any more). */
export const effectsPerformed = counter({
  name: 'easyflow.effect.performed',
  unit: '{effect}',
  description: 'Effects that have come to an end',
  attributes: ['easyflow.effect.kind', 'easyflow.outcome'],
});

export const outboxSwept = counter({
  name: 'easyflow.outbox.swept',
  unit: '{entry}',
  description: 'Entries of the outbox that were left for 5 s and claimed to be published again',
});
