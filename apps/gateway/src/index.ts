export { startGateway, type RunningGateway } from './start-gateway';
export type { GatewayDeps, GatewaySettings } from './gateway-deps';
export type { PartState } from './status/part-state';
export { ServiceProbes, type ReplicaProbe } from './status/service-probes';
