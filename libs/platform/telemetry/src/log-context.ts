import { AsyncLocalStorage } from 'node:async_hooks';

/** What the log lines of a unit of work carry. */
export interface LogContext {
  tenantId?: string;
  executionId?: string;
}

const storage = new AsyncLocalStorage<LogContext>();

/** Runs `work` with these fields in every log line written inside; fields of an outer context stay. */
export function withLogContext<T>(fields: LogContext, work: () => T): T {
  return storage.run({ ...storage.getStore(), ...fields }, work);
}

/** The fields of the current unit of work; empty outside of any. */
export function currentLogContext(): LogContext {
  return storage.getStore() ?? {};
}
