import { counter } from '@easyflow/platform-telemetry';

/** `easyflow.database.role`: the login role, which is the pool. */
export const poolWaited = counter({
  name: 'easyflow.database.pool.waited',
  unit: '{checkout}',
  description: 'Transactions that found every connection of their role in use',
  attributes: ['easyflow.database.role'],
});
