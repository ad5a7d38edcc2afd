import type { Advance } from '@easyflow/engine';

/** Whether an advance ended its execution. */
export function isFinal({ status }: Pick<Advance, 'status'>): boolean {
  return status === 'completed' || status === 'faulted' || status === 'cancelled';
}
