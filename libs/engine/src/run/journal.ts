import type { Json } from '@easyflow/expressions';
import { formatTime } from '@easyflow/kernel-time';
import type { CompiledProgram } from '../compile/program';
import { emittedEvent, type CloudEvent } from './cloud-event';
import type { ExecutionState } from './state';

/** What happened, in order. `task` is the JSON pointer, `at` RFC 3339 in UTC with milliseconds. */
export interface HistoryItem {
  sequence: number;
  type: HistoryType;
  task?: string;
  at: string;
  [extra: string]: Json | undefined;
}

export type HistoryType =
  | 'executionStarted'
  | 'taskStarted'
  | 'taskCompleted'
  | 'taskFaulted'
  | 'taskRetried'
  | 'executionWaiting'
  | 'executionEnded';

/** The phases whose beginning the specification's lifecycle events tell. */
type LifecyclePhase = 'started' | 'completed' | 'faulted' | 'cancelled';

/** Collects the history and the events of one advance. */
export class Journal {
  readonly history: HistoryItem[] = [];
  readonly events: CloudEvent[] = [];
  /** The events of `emit` tasks among `events`. */
  readonly emitted: CloudEvent[] = [];
  private readonly at: string;

  constructor(
    private readonly program: CompiledProgram,
    private readonly state: ExecutionState,
    now: number,
  ) {
    this.at = formatTime(now);
  }

  record(type: HistoryType, task?: string, extra?: { [key: string]: Json }): void {
    this.state.sequence += 1;
    this.history.push({
      sequence: this.state.sequence,
      type,
      ...(task !== undefined && { task }),
      at: this.at,
      ...extra,
    });
  }

  /** The event of an `emit` task, which is also the task's output. @throws Fault */
  emit(attributes: Json, instance: string): CloudEvent {
    const event = emittedEvent(
      attributes,
      { id: this.nextId(), source: this.source(), time: this.at },
      instance,
    );
    this.events.push(event);
    this.emitted.push(event);
    return event;
  }

  /** A lifecycle event of the workflow (dsl-reference, "Workflow Lifecycle Events"). */
  lifecycle(phase: LifecyclePhase, extra: { [key: string]: Json } = {}): void {
    const { namespace, name } = this.program.flow;
    this.events.push({
      specversion: '1.0',
      id: this.nextId(),
      source: this.source(),
      type: `io.serverlessworkflow.workflow.${phase}.v1`,
      subject: this.state.id,
      time: this.at,
      datacontenttype: 'application/json',
      data: { name: `${name}-${this.state.id}.${namespace}`, [`${phase}At`]: this.at, ...extra },
    });
  }

  private nextId(): string {
    this.state.eventCount += 1;
    return `${this.state.id}-${this.state.eventCount}`;
  }

  private source(): string {
    const { namespace, name, version } = this.program.flow;
    return `/${namespace}/${name}/${version}`;
  }
}
