import { counter, histogram } from '@easyflow/platform-telemetry';

export const ticksFired = counter({
  name: 'easyflow.schedule.tick.fired',
  unit: '{tick}',
  description: 'Ticks that started an execution',
});

/** How many ticks were missed is not known: days of them are not walked one by one. */
export const schedulesSkipped = counter({
  name: 'easyflow.schedule.skipped',
  unit: '{schedule}',
  description: 'Schedules that were moved past ticks missed for too long',
});

export const schedulesHeldBack = counter({
  name: 'easyflow.schedule.held_back',
  unit: '{schedule}',
  description: "Schedules whose ticks fell together or wait because of their tenant's rate",
});

/** One measurement a transaction. */
export const firingLag = histogram({
  name: 'easyflow.schedule.lag',
  unit: 's',
  description: 'Delay of the oldest tick that a transaction fired',
});
