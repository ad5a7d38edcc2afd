import { counter } from '@easyflow/platform-telemetry';

/** `easyflow.request.pattern`: flow.apply or flow.activate. `easyflow.outcome`: done, refused or failed. */
export const changesHandled = counter({
  name: 'easyflow.flow.change',
  unit: '{request}',
  description: 'Requests to apply or activate a flow that were carried out, refused, or failed',
  attributes: ['easyflow.request.pattern', 'easyflow.outcome'],
});
