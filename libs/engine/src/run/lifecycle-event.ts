import type { Json } from '@easyflow/expressions';
import type { CloudEvent } from './cloud-event';

/** The phases whose beginning the specification's lifecycle events tell. */
export type LifecyclePhase = 'started' | 'completed' | 'faulted' | 'cancelled';

/** Whose events they are. */
export interface EventSubject {
  /** The execution. */
  readonly id: string;
  readonly flow: { readonly namespace: string; readonly name: string; readonly version: string };
}

/** `source` of every event of an execution. */
export function eventSource({ flow }: EventSubject): string {
  return `/${flow.namespace}/${flow.name}/${flow.version}`;
}

/** Ids are deterministic: the execution's and the event's number in it. */
export function eventId({ id }: EventSubject, number: number): string {
  return `${id}-${number}`;
}

/** A lifecycle event of the workflow (dsl-reference, "Workflow Lifecycle Events"). */
export function lifecycleEvent(
  subject: EventSubject,
  number: number,
  phase: LifecyclePhase,
  time: string,
  extra: { readonly [key: string]: Json } = {},
): CloudEvent {
  const { id, flow } = subject;
  return {
    specversion: '1.0',
    id: eventId(subject, number),
    source: eventSource(subject),
    type: `io.serverlessworkflow.workflow.${phase}.v1`,
    subject: id,
    time,
    datacontenttype: 'application/json',
    data: { name: `${flow.name}-${id}.${flow.namespace}`, [`${phase}At`]: time, ...extra },
  };
}
