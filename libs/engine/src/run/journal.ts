import type { Json } from '@easyflow/expressions';
import { formatTime } from '@easyflow/kernel-time';
import type { CompiledProgram } from '../compile/program';
import { emittedEvent, type CloudEvent } from './cloud-event';
import {
  eventId,
  eventSource,
  lifecycleEvent,
  type EventSubject,
  type LifecyclePhase,
} from './lifecycle-event';
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

/** Collects the history and the events of one advance. */
export class Journal {
  readonly history: HistoryItem[] = [];
  readonly events: CloudEvent[] = [];
  /** The events of `emit` tasks among `events`. */
  readonly emitted: CloudEvent[] = [];
  private readonly at: string;
  private readonly subject: EventSubject;

  constructor(
    program: CompiledProgram,
    private readonly state: ExecutionState,
    now: number,
  ) {
    this.at = formatTime(now);
    this.subject = { id: state.id, flow: program.flow };
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
      { id: eventId(this.subject, this.next()), source: eventSource(this.subject), time: this.at },
      instance,
    );
    this.events.push(event);
    this.emitted.push(event);
    return event;
  }

  /** A lifecycle event of the workflow. */
  lifecycle(phase: LifecyclePhase, extra: { [key: string]: Json } = {}): void {
    this.events.push(lifecycleEvent(this.subject, this.next(), phase, this.at, extra));
  }

  private next(): number {
    this.state.eventCount += 1;
    return this.state.eventCount;
  }
}
