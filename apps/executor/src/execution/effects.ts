import { standardError, type CallHttpEffect, type Signal } from '@easyflow/engine';
import type { Clock } from '@easyflow/kernel-time';
import type { HttpCaller } from '@easyflow/platform-http';
import {
  currentTraceparent,
  withLogContext,
  withTraceparent,
  type Logger,
} from '@easyflow/platform-telemetry';
import { runInTenant } from '@easyflow/tenant-context';
import { effectsPerformed } from '../executor-metrics';
import type { LiveExecution } from './live-execution';
import { traced } from './traced';

/** Performs the effects of executions, each in the context of its tenant and trace. */
export class Effects {
  constructor(
    private readonly caller: Pick<HttpCaller, 'perform'>,
    private readonly clock: Clock,
    private readonly logger: Logger,
  ) {}

  /**
   * Begins an effect; `done` is called with its signal unless the execution has left or abandoned it. False, and
   * nothing begun, when the lease may have ended by the process's own clock: another may have it.
   */
  begin(execution: LiveExecution, effect: CallHttpEffect, done: (signal: Signal) => void): boolean {
    if (this.clock.monotonic() >= execution.lease.deadline) return false;
    const controller = new AbortController();
    execution.effects.set(effect.key, controller);
    void this.perform(execution, effect, controller.signal).then((signal) => {
      const abandoned = execution.effects.get(effect.key) !== controller;
      const ended = signal.kind === 'effectSucceeded' ? 'succeeded' : 'failed';
      effectsPerformed.add(1, {
        'easyflow.effect.kind': effect.kind,
        'easyflow.outcome': abandoned ? 'abandoned' : ended,
      });
      if (abandoned) return;
      execution.effects.delete(effect.key);
      done(signal);
    });
    return true;
  }

  private async perform(
    { facts }: LiveExecution,
    effect: CallHttpEffect,
    signal: AbortSignal,
  ): Promise<Signal> {
    const context = { tenantId: facts.tenantId, executionId: facts.id };
    const attributes = { 'easyflow.execution.id': facts.id, 'easyflow.task': effect.task };
    const call = () => {
      const traceparent = currentTraceparent();
      const headers: Record<string, string> = {};
      if (traceparent !== undefined) headers['traceparent'] = traceparent;
      return this.caller.perform(effect, { tenantId: facts.tenantId, signal, headers });
    };
    try {
      return await runInTenant(facts.tenantId, () =>
        withTraceparent(facts.traceParent, () =>
          withLogContext(context, () =>
            traced(facts.traceParent, 'execution.effect', attributes, call),
          ),
        ),
      );
    } catch (error) {
      this.logger.error({ error, ...context }, 'an effect ended in an error of the program');
      const failure = standardError('runtime', 'The call could not be made', {
        instance: effect.task,
      });
      return { kind: 'effectFailed', key: effect.key, error: failure };
    }
  }
}
