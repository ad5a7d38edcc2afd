import { flowNamePattern, flowVersionLength, flowVersionPattern } from '@easyflow/contracts-http';
import { UserError } from '@easyflow/kernel-errors';
import { unknownFlow, type FlowName } from './flow.repository';

/**
 * The flow that a path or body names. What cannot be a name is asked of no database.
 * @throws UserError `flow.unknown` (404)
 */
export function flowOf(namespace: string, name: string): FlowName {
  const flow = { namespace, name };
  if (!flowNamePattern.test(namespace) || !flowNamePattern.test(name)) throw unknownFlow(flow);
  return flow;
}

/** @throws UserError `flow.version_unknown` (404) for what cannot be a version. */
export function refuseNoVersion({ namespace, name }: FlowName, version: string): void {
  if (version.length <= flowVersionLength && flowVersionPattern.test(version)) return;
  throw new UserError('flow.version_unknown', `The flow ${namespace}/${name} has no such version`, {
    status: 404,
  });
}
