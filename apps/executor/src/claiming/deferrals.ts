import type { Logger } from '@easyflow/platform-telemetry';
import type { BatchWriter, Claims, Lease, LeaseOwner } from '@easyflow/tenant-context';
import { plainArray } from '../checkpoint/array-literals';
import { suspendExecutions } from '../checkpoint/checkpoint.statements';
import { executionsDeferred, executionsParked } from '../executor-metrics';
import type { TenantTokens } from './tenant-tokens';

/**
 * Why this process does not go on with an execution. `not_here`: it is of a newer version; `defect`: the engine or
 * this program failed on it; `thread`: its worker thread died; `row`: what is stored of it cannot be read; `crashes`:
 * it was claimed over and over and no process came to a checkpoint.
 */
export type DeferralCause = 'not_here' | 'defect' | 'thread' | 'row' | 'crashes';

export interface DeferralsOptions {
  readonly claims: Claims;
  readonly writer: BatchWriter;
  readonly tokens: TenantTokens;
  readonly owner: () => LeaseOwner;
  /** Of this executor. */
  readonly version: number;
  readonly logger: Logger;
}

/** Claims without a checkpoint after which an execution is not claimed again by itself. */
export const MOST_ATTEMPTS = 5;
const MOST_ROWS = 300;

interface Deferred {
  readonly lease: Lease;
  readonly cause: DeferralCause;
  readonly reason: string;
}

/**
 * Gives executions back that this process cannot run: nothing is wrong with the flow, so nothing of it faults. Each
 * comes back later and later, and after five claims without a checkpoint it is parked: shown as suspended with the
 * reason until somebody resumes or cancels it. One that only a newer version can run is left to executors of one, and
 * never parked: when an upgrade is complete, nobody has to lend a hand.
 */
export class Deferrals {
  private waiting: Deferred[] = [];
  private writing: Promise<void> | undefined;

  constructor(private readonly options: DeferralsOptions) {}

  /** Resolves when what was put off is written. */
  async settled(): Promise<void> {
    await this.writing;
  }

  /** The execution has left memory. */
  defer(lease: Lease, cause: DeferralCause, reason: string): void {
    const { tenantId, id: executionId, attempts } = lease;
    executionsDeferred.add(1, { 'easyflow.deferral.cause': cause });
    const said = { tenantId, executionId, attempts, cause, reason };
    if (isParked(lease, cause)) {
      executionsParked.add(1, { 'easyflow.deferral.cause': cause });
      this.options.logger.error(said, 'an execution is suspended: this system cannot run it');
    } else this.options.logger.warn(said, 'an execution is put off');
    this.waiting.push({ lease, cause, reason });
    this.writing ??= this.write().finally(() => (this.writing = undefined));
  }

  private async write(): Promise<void> {
    await new Promise(setImmediate);
    while (this.waiting.length > 0) {
      const some = this.waiting;
      this.waiting = [];
      await this.suspend(some.filter(({ lease, cause }) => isParked(lease, cause)));
      try {
        await this.options.claims.putOff(
          this.options.owner(),
          some.map(({ lease, cause, reason }) => ({
            lease,
            parks: isParked(lease, cause),
            version: cause === 'not_here' ? this.options.version + 1 : 0,
            reason,
          })),
        );
      } catch (error) {
        this.options.logger.warn(
          { error },
          'leases could not be given back; they end by themselves',
        );
      }
    }
  }

  /** Only what is shown: should it fail, the next claim without a checkpoint does it again. */
  private async suspend(parked: readonly Deferred[]): Promise<void> {
    if (parked.length === 0) return;
    const { tokens, writer, owner, logger } = this.options;
    try {
      await tokens.open(parked.map(({ lease }) => lease));
      const items = parked.flatMap(({ lease }) => {
        const token = tokens.get(lease.tenantId, 'ef_writer');
        return token ? [{ token, id: lease.id, lease }] : [];
      });
      for (const bundle of tokens.bundles(items, MOST_ROWS)) {
        const leases = bundle.items.map(({ lease }) => lease);
        await writer.transaction(bundle.tokens, (session) =>
          session.queryLast({
            ...suspendExecutions,
            values: [
              plainArray(leases.map(({ tenantId }) => tenantId)),
              plainArray(leases.map(({ id }) => id)),
              plainArray(leases.map(({ claimNo }) => claimNo)),
              owner().owner,
            ],
          }),
        );
      }
    } catch (error) {
      logger.warn({ error }, 'executions could not be shown as suspended');
    }
  }
}

function isParked(lease: Lease, cause: DeferralCause): boolean {
  return cause === 'row' || (cause !== 'not_here' && lease.attempts >= MOST_ATTEMPTS);
}
