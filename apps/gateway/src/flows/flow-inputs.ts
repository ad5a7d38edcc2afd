import {
  FlowInvalidError,
  isNotForThisProcess,
  loadInputCheck,
  TurnInterrupted,
  type DocumentIssue,
  type InputCheck,
  type Json,
} from '@easyflow/engine';
import type { Logger } from '@easyflow/platform-telemetry';
import type { TenantKey } from '@easyflow/tenant-context';
import type { InputThread } from './input-thread';

/** What a check may take of the event loop, in milliseconds of CPU: nearly all take less than one. */
const LOOP_MS = 10;

/** The input schema of a flow's version. */
export interface FlowInput {
  readonly tenantId: string;
  readonly key: TenantKey;
  /** JSON text of `input.schema`. */
  readonly schema: string;
  /** Made when it is first needed; undefined before, and where this version cannot read the schema. */
  check?: InputCheck | undefined;
  /** This version cannot tell whether an input is good. */
  isUnknown?: boolean;
}

/** An input, as a value and as its text. */
export interface GivenInput {
  readonly value: Json;
  readonly text: string;
}

/**
 * Checks inputs before they are accepted, by the schema alone: the rest of a program is the executor's. What takes long
 * goes to a thread. A document that this version cannot read is not the caller's fault, and no reason to refuse: the
 * executor checks the input again before it runs, and leaves what it cannot read to one that can.
 */
export class FlowInputs {
  constructor(
    private readonly thread: Pick<InputThread, 'check'>,
    private readonly logger: Logger,
  ) {
    // The first check of a process loads the validator, which takes longer than any check may.
    loadInputCheck({ document: true }).check(null);
  }

  /** What is wrong with the input; nothing is done about what nobody here can tell. */
  async issues(flow: FlowInput, { value, text }: GivenInput): Promise<DocumentIssue[]> {
    if (flow.isUnknown === true) return [];
    try {
      flow.check ??= loadInputCheck(JSON.parse(flow.schema) as Json);
      return flow.check.check(value, { cpuMs: LOOP_MS });
    } catch (error) {
      if (error instanceof TurnInterrupted) return this.inThread(flow, text);
      if (!(error instanceof FlowInvalidError) && !isNotForThisProcess(error)) throw error;
      return this.unknown(flow, error.message);
    }
  }

  private async inThread(flow: FlowInput, input: string): Promise<DocumentIssue[]> {
    const { tenantId, key, schema } = flow;
    const verdict = await this.thread.check(tenantId, { key, schema, input });
    return verdict.kind === 'checked' ? verdict.issues : this.unknown(flow, verdict.reason);
  }

  private unknown(flow: FlowInput, reason: string): DocumentIssue[] {
    flow.isUnknown = true;
    const { tenantId } = flow;
    this.logger.warn({ tenantId, reason }, 'inputs of a flow are not checked before it starts');
    return [];
  }
}
