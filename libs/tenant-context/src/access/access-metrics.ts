import { counter, gauge } from '@easyflow/platform-telemetry';

export const clockSkew = gauge({
  name: 'easyflow.database.clock_skew',
  unit: 's',
  description: "How far the process's wall clock is ahead of the database's",
});

/** `easyflow.database.role`: the role. */
export const roleSettingsFound = counter({
  name: 'easyflow.database.role_setting',
  unit: '{setting}',
  description: 'Settings found stored with a role, which were taken back',
  attributes: ['easyflow.database.role'],
});
