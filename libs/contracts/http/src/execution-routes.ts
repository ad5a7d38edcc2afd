import {
  acceptedExecutionSchema,
  endedExecutionSchema,
  executionPageSchema,
  executionSchema,
  historyQuerySchema,
  historySchema,
  listExecutionsQuerySchema,
  startExecutionAliasSchema,
  startExecutionSchema,
} from './executions';
import type { ProblemCode } from './problem';
import { json, type Route } from './route';

const startHeaders = {
  Prefer: '`wait=N`: answer with the result when the execution ends within N seconds (at most 60)',
  'Idempotency-Key':
    '1 to 255 visible ASCII characters; the same key with the same request answers the first execution for 24 hours',
};

const startAnswers = {
  200: json('ended in time, with `Prefer: wait`', endedExecutionSchema, {
    'Preference-Applied': 'the seconds waited at most',
  }),
  202: json('accepted; it will run', acceptedExecutionSchema, {
    Location: 'where the execution is',
    'Preference-Applied': 'the seconds waited at most, with `Prefer: wait`',
  }),
};

const startProblems: readonly ProblemCode[] = [
  'body.too_deep',
  'idempotency.key_invalid',
  'flow.unknown',
  'flow.not_active',
  'flow.version_unknown',
  'request.invalid',
  'input.invalid',
  'idempotency.mismatch',
  'transport.unavailable',
];

/** Starting, reading, cancelling and resuming executions. */
export const executionRoutes = {
  startExecution: {
    method: 'POST',
    path: '/v1/flows/{namespace}/{name}/executions',
    operationId: 'startExecution',
    summary: 'Start an execution of a flow',
    access: 'tenant',
    headers: startHeaders,
    body: { required: false, content: { 'application/json': startExecutionSchema } },
    answers: startAnswers,
    problems: startProblems,
  },
  executeWorkflow: {
    method: 'POST',
    path: '/workflows/execute',
    operationId: 'executeWorkflow',
    summary: 'Start an execution of the flow that the body names',
    access: 'tenant',
    headers: startHeaders,
    body: { required: true, content: { 'application/json': startExecutionAliasSchema } },
    answers: startAnswers,
    problems: startProblems,
  },
  getExecution: {
    method: 'GET',
    path: '/v1/executions/{id}',
    operationId: 'getExecution',
    summary: 'One execution with its input and its result',
    access: 'tenant',
    answers: { 200: json('the execution', executionSchema) },
    problems: ['execution.unknown'],
  },
  listExecutions: {
    method: 'GET',
    path: '/v1/executions',
    operationId: 'listExecutions',
    summary: 'Executions, newest first',
    access: 'tenant',
    query: listExecutionsQuerySchema,
    answers: { 200: json('a page, without inputs and outputs', executionPageSchema) },
    problems: ['query.invalid'],
  },
  getExecutionHistory: {
    method: 'GET',
    path: '/v1/executions/{id}/history',
    operationId: 'getExecutionHistory',
    summary: 'What happened in an execution, in order',
    access: 'tenant',
    query: historyQuerySchema,
    answers: {
      200: json('the history up to 10,000 items or 2 MB, or a page of it', historySchema),
    },
    problems: ['query.invalid', 'execution.unknown'],
  },
  cancelExecution: {
    method: 'POST',
    path: '/v1/executions/{id}/cancel',
    operationId: 'cancelExecution',
    summary: 'Cancel an execution',
    access: 'tenant',
    answers: {
      202: json(
        'the execution, which will be cancelled with the sub-flows it waits for',
        executionSchema,
      ),
    },
    problems: ['execution.unknown', 'execution.final'],
  },
  resumeExecution: {
    method: 'POST',
    path: '/v1/executions/{id}/resume',
    operationId: 'resumeExecution',
    summary: 'Have an execution tried again that no process could run',
    access: 'tenant',
    answers: { 202: json('the execution, which goes on', executionSchema) },
    problems: ['execution.unknown', 'execution.final'],
  },
} as const satisfies Record<string, Route>;
