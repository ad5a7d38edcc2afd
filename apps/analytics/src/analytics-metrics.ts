import { counter, histogram } from '@easyflow/platform-telemetry';

/** `easyflow.outcome`: counted, dropped (it named no hour), failed, or taken (by another worker meanwhile). */
export const rollupsCounted = counter({
  name: 'easyflow.rollup.counted',
  unit: '{hour}',
  description: 'Counts of a tenant and hour',
  attributes: ['easyflow.outcome'],
});

export const rollupPassDuration = histogram({
  name: 'easyflow.rollup.pass.duration',
  unit: 's',
  description: 'Duration of a pass over the hours that have changed',
});
