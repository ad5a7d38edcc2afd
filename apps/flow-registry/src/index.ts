export type { FlowRegistryDeps, FlowRegistrySettings } from './flow-registry-deps';
export { startFlowRegistry, type RunningFlowRegistry } from './start-flow-registry';
