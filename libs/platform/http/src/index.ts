export {
  startHealthServer,
  type HealthServer,
  type HealthServerOptions,
} from './server/health-server';
export { maxNesting, parseJsonBody, readText } from './server/json-body';
export { problemAnswer, type ProblemAnswer } from './server/problem-answer';
