import { runService } from '@easyflow/runtime';
import { startFlowRegistry } from './start-flow-registry';

void runService('flow-registry', async ({ config, transport, ...deps }) =>
  startFlowRegistry({
    settings: { slot: config.slot, http: config.http },
    transport: await transport(),
    ...deps,
  }),
);
