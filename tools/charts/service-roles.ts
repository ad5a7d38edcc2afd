/**
 * Whose database passwords each process may hold: the isolation promise, written down a second time, so that
 * neither the chart nor the compose file can widen it unseen.
 */
export const rolesOf: Readonly<Record<string, readonly string[]>> = {
  gateway: ['ef_api', 'ef_writer'],
  'flow-registry': ['ef_registry'],
  scheduler: ['ef_claim', 'ef_scheduler', 'ef_writer'],
  executor: ['ef_claim', 'ef_worker', 'ef_writer'],
  analytics: ['ef_analytics', 'ef_claim'],
  issuer: ['ef_issuer'],
};
