import { runService } from '@easyflow/runtime';
import { startAnalytics } from './start-analytics';

void runService('analytics', ({ config, ...deps }) =>
  startAnalytics({
    settings: { slot: config.slot, prices: config.prices, http: config.http },
    ...deps,
  }),
);
