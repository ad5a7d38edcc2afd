import { AsyncLocalStorage } from 'node:async_hooks';
import { UnexpectedError } from '@easyflow/kernel-errors';

const storage = new AsyncLocalStorage<string>();

/**
 * The tenant of the running unit of work.
 * @throws UnexpectedError `tenant.no_context` outside one.
 */
export function currentTenant(): string {
  const tenantId = storage.getStore();
  if (tenantId === undefined) {
    throw new UnexpectedError(
      'tenant.no_context',
      'No tenant is bound to this unit of work; open it with runInTenant or DatabaseAccess.tenant',
    );
  }
  return tenantId;
}

/**
 * Runs `fn` as a unit of work of one tenant. Nesting the same tenant is allowed.
 * @throws UnexpectedError `tenant.second_tenant` when another tenant's unit of work is running: one
 * unit of work has one tenant, so data of two can never meet in its variables.
 */
export function runInTenant<T>(tenantId: string, fn: () => T): T {
  const bound = storage.getStore();
  if (bound !== undefined && bound !== tenantId) {
    throw new UnexpectedError(
      'tenant.second_tenant',
      'A second tenant inside one unit of work; finish the first, or use the batch writer',
    );
  }
  return storage.run(tenantId, fn);
}

/** Whether a unit of work of any tenant is running. */
export function insideTenant(): boolean {
  return storage.getStore() !== undefined;
}

/** Runs `fn` outside of any unit of work, as work for many tenants must. */
export function outsideTenant<T>(fn: () => T): T {
  return storage.exit(fn);
}
