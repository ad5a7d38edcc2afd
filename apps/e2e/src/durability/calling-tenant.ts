import { called, callHttp, flow, set } from '../flows';
import type { Tenant } from '../shape/shape';
import type { Stage } from '../shape/stage';

/**
 * A tenant of its own with a flow `e2e/<name>` that calls `/<name>/<step>` for each step in turn and ends with what
 * they answered, so that everything of it can be counted. No limit holds it back.
 */
export async function callingTenant(
  { shape, target }: Stage,
  name: string,
  steps: readonly string[],
): Promise<Tenant> {
  const tenant = await shape.createTenant({ name, limits: { requestsPerSecond: 100_000 } });
  const document = flow(name, [
    set('begin', { begun: true }),
    ...steps.map((step) => callHttp(step, `${target.url}/${name}/${step}`)),
    called,
  ]);
  const applied = await tenant.api.apply(document);
  if (applied.status !== 201) throw new Error(`not applied: ${applied.status} ${applied.text}`);
  return tenant;
}
