import { runService } from '@easyflow/runtime';
import { defaultSchedulerSettings } from './scheduler-settings';
import { startScheduler } from './start-scheduler';

void runService('scheduler', ({ config, ...deps }) =>
  startScheduler({
    settings: { ...defaultSchedulerSettings, slot: config.slot, http: config.http },
    ...deps,
  }),
);
