export { defaultEcoWindow, ecoDueAt, ecoOpen, parseEcoWindow, type EcoWindow } from './eco-window';
export { readExpression, SHORTEST_MS, type Expression, type ScheduleKind } from './expression';
export {
  awaitsEnd,
  scheduleRow,
  type CurrentSchedule,
  type ScheduledFlow,
  type ScheduleRow,
} from './schedule-row';
export { tickExecutionId, tickKey } from './scheduled-execution';
export { CATCH_UP_MS, dueTicks, firstTick, latestTick, type DueTicks } from './ticks';
