export { conformanceDir, testServers, type TestServers } from './test-servers';
export { waitFor, type WaitOptions } from './wait-for';
export { freePort } from '@easyflow/platform-local-servers';
export { runTransportContract, type TransportRig } from './contracts/transport-contract';
export { createTestDatabase, type TestDatabase, type TestTenant } from './test-database';
export {
  expectStablePlan,
  inEveryPlanState,
  type HotStatement,
  type PlanState,
} from './stable-plan';
