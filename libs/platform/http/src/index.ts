export {
  startHealthServer,
  type HealthServer,
  type HealthServerOptions,
} from './server/health-server';
export { maxNesting, parseJsonBody, readText } from './server/json-body';
export { problemAnswer, type ProblemAnswer } from './server/problem-answer';
export type { LaneLimits } from './caller/call-lanes';
export type { CallLog } from './caller/call-log';
export {
  DEFAULT_CALL_TIMEOUT_MS,
  DEFAULT_LANES,
  HttpCaller,
  type HttpCallerOptions,
} from './caller/http-caller';
export type { EgressPolicy } from './caller/egress-policy';
export type { HttpCall, HttpCallError, HttpCallResult } from './caller/http-call';
