export {
  bindTicks,
  enqueueTicks,
  insertTicks,
  loadEnds,
  loadSchedules,
  moveSchedules,
  removeWork,
} from './firing/firing.statements';
export type { SchedulerDeps } from './scheduler-deps';
export { defaultSchedulerSettings, type SchedulerSettings } from './scheduler-settings';
export { startScheduler, type RunningScheduler } from './start-scheduler';
