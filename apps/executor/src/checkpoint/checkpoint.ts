import { storeEvents, storeHistory, type FlowError, type Json } from '@easyflow/engine';
import type { Lease } from '@easyflow/tenant-context';
import type { LiveExecution } from '../execution/live-execution';
import type { ValueRow } from '../state/stored-state';
import type { StateRows } from '../state/stored-values';

/** A sub-flow that a checkpoint creates. */
export interface ChildExecution {
  readonly id: string;
  readonly flow: { readonly namespace: string; readonly name: string; readonly version: string };
  readonly input: string;
  /** The effect that waits for its end; undefined when nothing waits. */
  readonly parentKey: string | undefined;
}

/** Another work row that this checkpoint wakes in its transaction. */
export interface Wake {
  readonly kind: 'execution' | 'schedule';
  readonly id: string;
  /** The engine's signal, as JSON; only for executions. */
  readonly signal?: string;
}

/**
 * What follows a commit. `end`: the execution is final; `leave`: it waits in the database for `dueAt` or a
 * signal; `stay`: it goes on in this process.
 */
export type Outcome = 'end' | 'leave' | 'stay';

/** One row of a flush: everything a checkpoint writes, JSON already as text. */
export interface Checkpoint {
  readonly execution: LiveExecution;
  readonly tenantId: string;
  readonly id: string;
  readonly lease: Lease;
  readonly outcome: Outcome;
  readonly status: string;
  readonly state: string | null;
  /** Values that the state refers to and that are not stored yet, and ids of those it refers to no more. */
  readonly addedValues: readonly ValueRow[];
  readonly removedValues: readonly number[];
  readonly output: string | null;
  readonly error: string | null;
  /** RFC 3339. */
  readonly startedAt: string | null;
  /** First sequence in `items`; null with them when nothing happened. */
  readonly segment: number | null;
  readonly items: string | null;
  /** As they are stored. */
  readonly events: string | null;
  /** The same events as a JSON array of CloudEvents. */
  readonly published: string | null;
  /** RFC 3339 or `infinity`; null: now. */
  readonly dueAt: string | null;
  readonly consumed: readonly string[];
  readonly children: readonly ChildExecution[];
  readonly wake: Wake | undefined;
  /** Sub-flows that nobody waits for any more: they are cancelled. */
  readonly abandonedChildren: readonly string[];
  /** Kept for who is told about the end. */
  readonly result: { output?: Json; error?: FlowError } | undefined;
}

export interface CheckpointContent {
  readonly outcome: Outcome;
  readonly status: string;
  /** Milliseconds since the epoch, `Infinity` for "only a signal wakes it"; undefined: now. */
  readonly dueAt?: number | undefined;
  readonly output?: Json | undefined;
  readonly error?: FlowError | undefined;
}

/**
 * Takes what an execution has gathered since its last checkpoint. Each value is serialised once, here;
 * JSON.stringify writes lone surrogates and U+0000 as escapes, which `json` columns take.
 * @throws RangeError when a value is nested too deeply to be written
 */
export function takeCheckpoint(execution: LiveExecution, content: CheckpointContent): Checkpoint {
  const { facts } = execution;
  const ended = content.outcome === 'end';
  const row = {
    execution,
    tenantId: facts.tenantId,
    id: facts.id,
    lease: execution.lease,
    outcome: content.outcome,
    status: content.status,
    ...storedState(execution, ended),
    output: text(content.output),
    error: text(content.error),
    startedAt:
      execution.startedAt === undefined ? null : new Date(execution.startedAt).toISOString(),
    ...happened(execution),
    dueAt: dueText(content.dueAt),
    consumed: execution.consumed,
    children: execution.children,
    wake: ended ? wakeOf(execution, content) : undefined,
    abandonedChildren: execution.abandonedChildren,
    result: ended ? resultOf(content) : undefined,
  };
  // Events always come with items; should they ever not, they wait for a segment to be kept in.
  if (row.segment !== null) execution.events = [];
  execution.history = [];
  execution.unsavedCharacters = 0;
  execution.children = [];
  execution.abandonedChildren = [];
  execution.consumed = [];
  return row;
}

const CANCEL = JSON.stringify({ kind: 'cancel' });

/** The other work rows that a checkpoint wakes. */
export function wakesOf({
  wake,
  abandonedChildren,
}: Pick<Checkpoint, 'wake' | 'abandonedChildren'>): Wake[] {
  const cancellations = abandonedChildren.map((id): Wake => ({
    kind: 'execution',
    id,
    signal: CANCEL,
  }));
  return wake ? [wake, ...cancellations] : cancellations;
}

function storedState(
  { state, values }: LiveExecution,
  ended: boolean,
): Pick<Checkpoint, 'state' | 'addedValues' | 'removedValues'> {
  if (!state && !ended) return { state: null, addedValues: [], removedValues: [] };
  const rows: StateRows = state && !ended ? values.write(state) : values.end();
  return { state: rows.state, addedValues: rows.added, removedValues: rows.removed };
}

function happened({
  history,
  events,
  facts,
}: LiveExecution): Pick<Checkpoint, 'segment' | 'items' | 'events' | 'published'> {
  const first = history[0];
  if (!first) return { segment: null, items: null, events: null, published: null };
  const any = events.length > 0;
  return {
    segment: first.sequence,
    items: storeHistory(history),
    events: any ? storeEvents(facts, events) : null,
    published: any ? JSON.stringify(events) : null,
  };
}

function text(value: Json | FlowError | undefined): string | null {
  return value === undefined ? null : JSON.stringify(value);
}

function dueText(dueAt: number | undefined): string | null {
  if (dueAt === undefined) return null;
  return Number.isFinite(dueAt) ? new Date(dueAt).toISOString() : 'infinity';
}

function resultOf(content: CheckpointContent): { output?: Json; error?: FlowError } {
  return {
    ...(content.output === undefined ? {} : { output: content.output }),
    ...(content.error === undefined ? {} : { error: content.error }),
  };
}

/** Marks executions whose end a schedule of kind `after` waits for. */
const SCHEDULE_PREFIX = 'schedule:';

/** Who waits for the end of this execution. */
function wakeOf(execution: LiveExecution, content: CheckpointContent): Wake | undefined {
  const { id, parentId, parentKey } = execution.facts;
  if (parentKey === undefined) return undefined;
  if (parentKey.startsWith(SCHEDULE_PREFIX)) {
    return { kind: 'schedule', id: parentKey.slice(SCHEDULE_PREFIX.length) };
  }
  if (parentId === undefined) return undefined;
  const signal = {
    kind: 'childEnded',
    key: parentKey,
    childId: id,
    status: content.status,
    ...resultOf(content),
  };
  return { kind: 'execution', id: parentId, signal: JSON.stringify(signal) };
}
