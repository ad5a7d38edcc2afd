export type { ExecutorDeps } from './executor-deps';
export { defaultExecutorSettings, type ExecutorSettings } from './executor-settings';
export { createLocalDispatch, startExecutor, type RunningExecutor } from './start-executor';
export {
  deleteOutbox,
  deleteSignals,
  enqueueChildren,
  enqueueRollups,
  insertChildren,
  insertSignals,
  lockWork,
  suspendExecutions,
  wakeWork,
  writeCheckpoints,
  writeCheckpointsWithValues,
} from './checkpoint/checkpoint.statements';
export { selectLastItems } from './claiming/history.statements';
export { loadExecutions, loadSignals, loadValues } from './claiming/loading.statements';
export { loadEvents } from './lifecycle/outbox.statements';
export { countLevels, selectDocument, selectVersion } from './programs/program.statements';
