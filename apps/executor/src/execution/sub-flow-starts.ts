import {
  standardError,
  unknownFlow,
  type FlowError,
  type RunFlowEffect,
  type Signal,
} from '@easyflow/engine';
import type { ChildExecution } from '../checkpoint/checkpoint';
import type { TenantTokens } from '../claiming/tenant-tokens';
import type { SubFlows } from '../programs/sub-flows';
import type { LiveExecution } from './live-execution';

/** Tasks a turn begins at once while its tenant starts too many executions: each may start one. */
export const FEW_TASKS = 20;

/** What becomes of the sub-flows that a turn would start. */
export type Starts =
  | {
      readonly kind: 'start';
      readonly children: readonly ChildExecution[];
      /** To tasks that wait for a sub-flow that cannot be. */
      readonly failures: readonly Signal[];
    }
  /** Nothing waits for these, and there are no such flows: the turn is to be taken again, knowing it. */
  | { readonly kind: 'missing'; readonly flows: readonly RunFlowEffect['flow'][] }
  /** The tenant starts too many: the turn is to be taken again, with few tasks, or after so many milliseconds. */
  | { readonly kind: 'fewer' }
  | { readonly kind: 'later'; readonly waitMs: number };

/** Decides about the sub-flows that a turn would start, before anything of it is stored. */
export class SubFlowStarts {
  constructor(
    private readonly tokens: TenantTokens,
    private readonly subFlows: SubFlows,
  ) {}

  /** @throws OperationalError when the database is down */
  async of(execution: LiveExecution, effects: readonly RunFlowEffect[]): Promise<Starts> {
    await this.tokens.open([execution.lease], 'ef_worker');
    const token = this.tokens.get(execution.facts.tenantId, 'ef_worker');
    if (!token) throw new Error('no token of ef_worker for a live lease');
    const { id, parentKey } = execution.facts;
    // Nothing waits above one that nothing waits for.
    const isDeepest = parentKey !== undefined && (await this.subFlows.isTooDeep(token, id));
    const missing: RunFlowEffect['flow'][] = [];
    const children: ChildExecution[] = [];
    const failures: Signal[] = [];
    for (const effect of effects) {
      const child = await this.subFlows.child(token, effect);
      const { key, flow, task } = effect;
      if (!child && !effect.await) missing.push(flow);
      else if (!child) failures.push({ kind: 'effectFailed', key, error: unknownFlow(flow, task) });
      else if (isDeepest && effect.await) {
        failures.push({ kind: 'effectFailed', key, error: tooDeep(effect) });
      } else children.push(child);
    }
    if (missing.length > 0) return { kind: 'missing', flows: missing };
    const start = { kind: 'start', children, failures } as const;
    if (children.length === 0) return start;
    const canBeFewer = !execution.startsFew && children.length > FEW_TASKS;
    const waitMs = await this.subFlows.admit(token, children.length, !canBeFewer);
    if (waitMs === 0) return start;
    return canBeFewer ? { kind: 'fewer' } : { kind: 'later', waitMs };
  }
}

function tooDeep({ task }: RunFlowEffect): FlowError {
  const detail = 'Too many flows wait for each other; does a flow run itself without end?';
  return standardError('runtime', detail, { instance: task });
}
