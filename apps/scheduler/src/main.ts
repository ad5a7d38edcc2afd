import { runService } from '@easyflow/runtime';
import { defaultSchedulerSettings } from './scheduler-settings';
import { startScheduler } from './start-scheduler';

void runService('scheduler', async ({ config, transport, ...deps }) =>
  startScheduler({
    settings: { ...defaultSchedulerSettings, slot: config.slot, http: config.http },
    transport: await transport(),
    ...deps,
  }),
);
