export type { Json } from '@easyflow/expressions';
export { compileFlow, loadFlow, readSchedule } from './compile/compile-flow';
export { loadInputCheck, type InputCheck } from './compile/input-check';
export type { Program } from './compile/program';
export {
  DocumentSyntaxError,
  FlowInvalidError,
  type DocumentIssue,
} from './document/document-issue';
export { parseDocument } from './document/parse-document';
export type { ParsedDocument } from './document/parsed-document';
export { isNotForThisProcess, NotForThisProcess, type UnknownPart } from './not-for-this-process';
export { advance, effectsInFlight, type Advance, type Signal } from './run/advance';
export type { CloudEvent } from './run/cloud-event';
export type { CallHttpEffect, Effect, HttpRequest, RunFlowEffect } from './run/effects';
export { standardError, unknownFlow, type FlowError, type StandardError } from './run/flow-error';
export type { HistoryItem, HistoryType } from './run/journal';
export { lifecycleEvent, type EventSubject } from './run/lifecycle-event';
export type { Budget } from './run/interpreter';
export { TurnInterrupted } from './turn-interrupted';
export { restoreEvents, restoreHistory, storeEvents, storeHistory } from './run/stored-journal';
export {
  childrenInFlight,
  createState,
  type ExecutionState,
  type ExecutionStatus,
} from './run/state';
export { mapData, type DataPath } from './run/state-data';
