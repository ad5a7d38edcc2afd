import type { ExecutionState, Json } from '@easyflow/engine';
import { UnexpectedError } from '@easyflow/kernel-errors';
import type { Lease } from '@easyflow/tenant-context';
import { LiveExecution, type StoredSignal } from '../execution/live-execution';
import type { RestoredState } from '../state/restore-state';
import { storedStateOf, type StoredState } from '../state/stored-state';
import type { StoredValues } from '../state/stored-values';
import { readSignals } from './signal-row';

/** A row of `loadExecutions`, as it should be. */
export interface ExecutionRow {
  tenant_id: string;
  id: string;
  flow_namespace: string;
  flow_name: string;
  flow_version: string;
  mode: string;
  status: string;
  revision: number;
  input: Json;
  /** As it is stored: the engine's state, or one in parts. */
  state: ExecutionState | StoredState | null;
  parent_id: string | null;
  parent_key: string | null;
  reply_slot: string | null;
  trace_parent: string | null;
  created_at: Date;
  started_at: Date | null;
  signals: unknown;
  /** What stands beside the state, when this process has kept both. */
  resting?: StoredValues;
}

const RUNNABLE = new Set(['pending', 'running', 'waiting', 'suspended']);

/**
 * The execution of a row and its lease.
 * @throws UnexpectedError `execution.unreadable` when the row is absurd: it alone is then set aside
 * @throws NotForThisProcess when a newer version has written a signal
 */
export function executionOf(
  row: ExecutionRow,
  lease: Lease,
  restored?: RestoredState,
): LiveExecution {
  const created = moment(row.created_at, 'created_at');
  if (created === undefined) throw unreadable('created_at is missing');
  if (!RUNNABLE.has(row.status)) throw unreadable(`it is ${row.status}, and has work all the same`);
  const execution = withoutState(row, lease, created);
  if (row.state !== null) {
    if (!restored) storedStateOf(row.state);
    execution.state = stateOf(restored?.state ?? row.state);
    if (row.resting) execution.values = row.resting;
    else execution.values.restore(restored?.rows ?? []);
    execution.inherited = true;
  }
  execution.revision = row.revision;
  execution.startedAt = moment(row.started_at, 'started_at');
  execution.receive(readSignals(row.signals));
  return execution;
}

/** What can be had of a row that cannot be read: enough to cancel it. */
export function bareExecutionOf(row: ExecutionRow, lease: Lease): LiveExecution {
  const execution = withoutState(row, lease, 0);
  execution.receive(knownSignals(row.signals));
  return execution;
}

function withoutState(row: ExecutionRow, lease: Lease, createdAt: number): LiveExecution {
  return new LiveExecution(
    {
      tenantId: row.tenant_id,
      id: row.id,
      flow: { namespace: row.flow_namespace, name: row.flow_name, version: row.flow_version },
      mode: row.mode,
      input: row.input,
      parentId: row.parent_id ?? undefined,
      parentKey: row.parent_key ?? undefined,
      replySlot: row.reply_slot ?? undefined,
      traceParent: row.trace_parent ?? undefined,
      createdAt,
    },
    undefined,
    lease,
  );
}

function knownSignals(signals: unknown): StoredSignal[] {
  try {
    return readSignals(signals);
  } catch {
    return [];
  }
}

/** Eco executions wait for their window, and others for what they have begun: they say nothing of a backlog. */
export function waitsSince({ mode, state, started_at, created_at }: ExecutionRow): number {
  if (mode === 'eco' || state || started_at || !(created_at instanceof Date)) return Infinity;
  const at = created_at.getTime();
  return Number.isFinite(at) ? at : Infinity;
}

/** What the engine relies on; the format is the engine's own matter. */
function stateOf(state: unknown): ExecutionState {
  if (isObject(state) && Number.isInteger(state['format'])) {
    if (state['format'] !== 1) return state as unknown as ExecutionState;
    const { root } = state;
    if (isObject(root) && typeof root['list'] === 'string' && Array.isArray(root['frames'])) {
      return state as unknown as ExecutionState;
    }
  }
  throw unreadable('its state is none');
}

/** `infinity` comes as a number, what is too far away as an invalid date. */
function moment(value: unknown, column: string): number | undefined {
  if (value === null || value === undefined) return undefined;
  const at = value instanceof Date ? value.getTime() : Number.NaN;
  if (!Number.isFinite(at)) throw unreadable(`${column} is no time`);
  return at;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function unreadable(why: string): UnexpectedError {
  return new UnexpectedError('execution.unreadable', `The execution cannot be read: ${why}`);
}
