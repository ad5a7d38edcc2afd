import { counter, histogram } from '@easyflow/platform-telemetry';

/** `easyflow.execution.mode`: the modes of the contract. */
export const executionsAccepted = counter({
  name: 'easyflow.execution.accepted',
  unit: '{execution}',
  description: 'Executions whose acceptance has committed',
  attributes: ['easyflow.execution.mode'],
});

/** `error.type`: a code of docs/errors.md. */
export const requestsRefused = counter({
  name: 'easyflow.request.refused',
  unit: '{request}',
  description: 'Requests answered with an error',
  attributes: ['error.type'],
});

export const intentFlushSize = histogram({
  name: 'easyflow.intent.flush.size',
  unit: '{execution}',
  description: 'Executions to be accepted in a flush',
});

/** `easyflow.outcome`: written or failed. */
export const intentFlushDuration = histogram({
  name: 'easyflow.intent.flush.duration',
  unit: 's',
  description: 'Duration of a flush of accepted executions, its commit included',
  attributes: ['easyflow.outcome'],
});

/** `easyflow.outcome`: ended or timed_out. */
export const requestsWaited = counter({
  name: 'easyflow.request.waited',
  unit: '{request}',
  description: 'Requests that waited for the end of an execution',
  attributes: ['easyflow.outcome'],
});

/** `easyflow.connection.limit`: all, address or pipelined. */
export const connectionsRefused = counter({
  name: 'easyflow.connection.refused',
  unit: '{connection}',
  description: 'Connections closed because there are too many, or too many requests on one',
  attributes: ['easyflow.connection.limit'],
});
