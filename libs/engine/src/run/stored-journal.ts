/*
 * History and events as they are stored: written out they were half of what an execution adds to the write-ahead
 * log (1.5 KB of three tasks, 0.4 KB so), and every byte of it is serialised, sent, logged and kept.
 */
import type { Json } from '@easyflow/expressions';
import type { CloudEvent } from './cloud-event';
import type { HistoryItem, HistoryType } from './journal';
import { lifecycleEvent, type EventSubject, type LifecyclePhase } from './lifecycle-event';

type Extra = { [key: string]: Json };

/**
 * A text is the time of what follows, a number its sequence, an array an item, an object an item written out. An
 * array of one text that begins with a slash is a task that started and completed, which nearly all are.
 */
type StoredItem =
  | string
  | number
  | [task: `/${string}`]
  | [type: HistoryType, task?: string | null, extra?: Extra]
  | HistoryItem;

/** An array is a lifecycle event, an object an event written out. */
type StoredEvent = [number: number, phase: LifecyclePhase, time: string] | CloudEvent;

const WRITTEN = new Set(['sequence', 'type', 'task', 'at']);

/** JSON text of the items of one checkpoint, to be restored with the sequence of the first. */
export function storeHistory(items: readonly HistoryItem[]): string {
  const stored: StoredItem[] = [];
  let at: string | undefined;
  let sequence = items[0]?.sequence;
  let told: HistoryItem | undefined;
  for (const [index, item] of items.entries()) {
    if (item === told) continue;
    if (item.at !== at) stored.push((at = item.at));
    if (item.sequence !== sequence) stored.push(item.sequence);
    sequence = item.sequence + 1;
    const extra = extraOf(item);
    const next = items[index + 1];
    if (extra) stored.push([item.type, item.task ?? null, extra]);
    else if (isPointer(item.task) && completes(item, next)) {
      stored.push([item.task]);
      sequence += 1;
      told = next;
    } else stored.push(item.task === undefined ? [item.type] : [item.type, item.task]);
  }
  return JSON.stringify(stored);
}

function isPointer(text: string | undefined): text is `/${string}` {
  return text?.startsWith('/') === true;
}

/** Whether a task's start is followed by its end, at the same time and with nothing to add. */
function completes(item: HistoryItem, next: HistoryItem | undefined): boolean {
  return (
    item.type === 'taskStarted' &&
    next?.type === 'taskCompleted' &&
    next.task === item.task &&
    next.at === item.at &&
    next.sequence === item.sequence + 1 &&
    !extraOf(next)
  );
}

/** The items of a checkpoint whose first has the sequence `first`. */
export function restoreHistory(first: number, text: string): HistoryItem[] {
  const items: HistoryItem[] = [];
  let at = '';
  let sequence = first;
  for (const stored of JSON.parse(text) as StoredItem[]) {
    if (typeof stored === 'string') at = stored;
    else if (typeof stored === 'number') sequence = stored;
    else if (Array.isArray(stored)) {
      const [type, task, extra] = stored;
      if (isPointer(type)) {
        items.push({ sequence, type: 'taskStarted', task: type, at });
        sequence += 1;
        items.push({ sequence, type: 'taskCompleted', task: type, at });
      } else {
        items.push({ sequence, type, ...(typeof task === 'string' && { task }), at, ...extra });
      }
      sequence += 1;
    } else items.push(stored);
  }
  return items;
}

/** JSON text of the events of one checkpoint, to be restored with the same subject. */
export function storeEvents(subject: EventSubject, events: readonly CloudEvent[]): string {
  return JSON.stringify(events.map((event) => shortened(subject, event) ?? event));
}

/** The events of a checkpoint of the subject. */
export function restoreEvents(subject: EventSubject, text: string): CloudEvent[] {
  return (JSON.parse(text) as StoredEvent[]).map((stored) => {
    if (!Array.isArray(stored)) return stored;
    const [number, phase, time] = stored;
    return lifecycleEvent(subject, number, phase, time, lifecycleData(subject, phase));
  });
}

/** What the event of a phase says beyond its time, where that follows from the subject. */
export function lifecycleData({ flow }: EventSubject, phase: LifecyclePhase): Extra {
  return phase === 'started' ? { definition: { ...flow } } : {};
}

function extraOf(item: HistoryItem): Extra | undefined {
  let extra: Extra | undefined;
  for (const key in item) {
    const value = item[key];
    if (WRITTEN.has(key) || value === undefined) continue;
    extra ??= {};
    extra[key] = value;
  }
  return extra;
}

const LIFECYCLE = /^io\.serverlessworkflow\.workflow\.(started|completed|cancelled)\.v1$/;

/** The short form, only of what it gives back exactly: an `emit` task may write anything. */
function shortened(subject: EventSubject, event: CloudEvent): StoredEvent | undefined {
  const phase = LIFECYCLE.exec(event.type)?.[1] as LifecyclePhase | undefined;
  const number = Number(event.id.slice(subject.id.length + 1));
  if (phase === undefined || !Number.isSafeInteger(number)) return undefined;
  const exact = lifecycleEvent(subject, number, phase, event.time, lifecycleData(subject, phase));
  return sameJson(exact, event) ? [number, phase, event.time] : undefined;
}

function sameJson(one: Json, other: Json | undefined): boolean {
  if (one === other) return true;
  if (typeof one !== 'object' || typeof other !== 'object' || !one || !other) return false;
  if (Array.isArray(one) || Array.isArray(other)) return false;
  const keys = Object.keys(one);
  if (keys.length !== Object.keys(other).length) return false;
  return keys.every((key) => sameJson(one[key] ?? null, other[key]));
}
