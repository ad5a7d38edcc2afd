import type { RunFlowEffect } from '@easyflow/engine';

/** Identifies a flow that a task runs, within its tenant: parts of its name hold no line break. */
export function flowKey({ namespace, name, version }: RunFlowEffect['flow']): string {
  return `${namespace}\n${name}\n${version}`;
}
