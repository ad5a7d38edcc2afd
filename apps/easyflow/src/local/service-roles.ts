import type { ServiceName } from '@easyflow/contracts-events';
import type { Role } from '@easyflow/platform-database';

/** The database roles whose passwords each service gets; it gets no others. */
export const rolesOf: Readonly<Record<ServiceName, readonly Role[]>> = {
  gateway: ['ef_api', 'ef_writer'],
  'flow-registry': ['ef_registry'],
  scheduler: ['ef_claim', 'ef_scheduler', 'ef_writer'],
  executor: ['ef_claim', 'ef_worker', 'ef_writer'],
  analytics: ['ef_claim', 'ef_analytics'],
  issuer: ['ef_issuer'],
};
