import { formatTime } from '@easyflow/kernel-time';
import type { ExecutionRow, ExecutionSummaryRow } from './execution.repository';

/** JSON of an execution. Payloads are JSON text in the row and are passed on as they are: never parsed, never rounded. */
export function executionJson(row: ExecutionRow): string {
  return object({
    ...head({ ...row, status: statusOf(row) }),
    input: row.input ?? 'null',
    output: row.output,
    error: row.error,
    waitingFor: waitingFor(row),
    ...times(row),
  });
}

/** Once it is resumed, an execution is suspended no more, though no executor has written so yet. */
function statusOf({ status, deferral, started_at }: ExecutionRow): string {
  if (status !== 'suspended' || deferral !== null) return status;
  return started_at ? 'running' : 'pending';
}

/** What has to happen before the execution goes on, where no process can run it now. */
function waitingFor({ status, deferral, deferred_until }: ExecutionRow): string | null {
  if (deferral === null) return null;
  const until = deferred_until instanceof Date ? formatTime(deferred_until.getTime()) : undefined;
  const kind = status === 'suspended' ? 'resume' : 'retry';
  return JSON.stringify([{ kind, until, detail: deferral }]);
}

/** JSON of an execution in a list: no input, no output, and of a long error the beginning. */
export function executionSummaryJson(row: ExecutionSummaryRow): string {
  return object({ ...head(row), error: shortError(row), ...times(row) });
}

/** Members of an error object that are texts, as far as they go: the last may be cut anywhere. */
const TEXTS = /"(type|title|detail|instance)":"((?:[^"\\]|\\u[\da-fA-F]{4}|\\[^u])*)("?)/g;

function shortError({ error, error_status: status }: ExecutionSummaryRow): string | null {
  if (error === null || status === null) return error;
  const texts = [...error.matchAll(TEXTS)].map(
    ([, name, text, end]) => `"${name}":"${text}${end === '' ? '…' : ''}"`,
  );
  return `{${[...texts, `"status":${Number.parseInt(status, 10)}`].join(',')}}`;
}

type Members = Record<string, string | null>;

type Row = Omit<ExecutionSummaryRow, 'error_status'>;

function head(row: Row): Members {
  return {
    id: JSON.stringify(row.id),
    status: JSON.stringify(row.status),
    flow: JSON.stringify({
      namespace: row.flow_namespace,
      name: row.flow_name,
      version: row.flow_version,
    }),
    mode: JSON.stringify(row.mode),
  };
}

function times(row: Row): Members {
  return {
    createdAt: time(row.created_at),
    startedAt: time(row.started_at),
    endedAt: time(row.ended_at),
  };
}

function time(value: Date | null): string | null {
  return value && JSON.stringify(formatTime(value.getTime()));
}

function object(members: Members): string {
  const texts = Object.entries(members).flatMap(([name, text]) =>
    text === null ? [] : [`${JSON.stringify(name)}:${text}`],
  );
  return `{${texts.join(',')}}`;
}
