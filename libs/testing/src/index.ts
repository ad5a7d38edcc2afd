export { conformanceDir, testServers, type TestServers } from './test-servers';
export { waitFor, type WaitOptions } from './wait-for';
export { freePort } from '@easyflow/platform-local-servers';
export { cpuTime, expectLinearTime } from './linear-time';
export { runTransportContract, type TransportRig } from './contracts/transport-contract';
export {
  createTestDatabase,
  testConnectionLimits,
  type TestDatabase,
  type TestTenant,
} from './test-database';
export {
  expectStablePlan,
  inEveryPlanState,
  type HotStatement,
  type PlanState,
} from './stable-plan';
export {
  AttackBench,
  attempt,
  findsNothing,
  refused,
  works,
  type Attack,
  type CanaryTenant,
} from './isolation/attack-bench';
export { CATALOGUE_CHECKS, catalogueFaults } from './isolation/catalogue-faults';
export { SESSION_ROLES, tableReport, type TableReport } from './isolation/table-breaches';
export { CONTEXT_ATTACKS } from './isolation/context-attacks';
export { TAKEOVER_ATTACKS } from './isolation/takeover-attacks';
export { LOCK_ATTACKS } from './isolation/lock-attacks';
export { ASSERTION_ATTACKS } from './isolation/assertion-attacks';
export { SERVER_ATTACKS, type ServerAttack } from './isolation/server-attacks';
export { SCHEMA_ATTACKS } from './isolation/schema-attacks';
export { runAttemptLimiterContract } from './contracts/attempt-limiter-contract';
export { runRateLimiterContract } from './contracts/rate-limiter-contract';
export { SETTINGS_ATTACKS } from './isolation/settings-attacks';
export { ARGUMENT_ATTACKS } from './isolation/argument-attacks';
export { BINDING_ATTACKS } from './isolation/binding-attacks';
export { ROW_ATTACKS } from './isolation/row-attacks';
export { SLOT_ATTACKS } from './isolation/slot-attacks';
export {
  callables,
  listLiteral,
  scalars,
  SHAPES,
  type Callable,
  type Known,
} from './isolation/hostile-arguments';
export { BUNDLE_ATTACKS } from './isolation/bundle-attacks';
export { CLAIM_ATTACKS } from './isolation/claim-attacks';
export { StatementReader, type Read, type SqlValue } from './statement-buffers';
export { MetricRecorder } from './metric-recorder';
export { OtlpReceiver, type ReceivedSpan } from './otlp-receiver';
