import { isId } from '@easyflow/kernel-ids';

/**
 * A key of one tenant, under its prefix. Only a UUID in lower case gets in, so no id can reach beyond the prefix
 * (`:`) or match others' keys (`*`).
 * @throws RangeError for any other text
 */
export function tenantKey(tenantId: string, name: 'rate' | 'starts'): string {
  if (!isId(tenantId)) throw new RangeError('A tenant id is a UUID in lower case');
  return `t:${tenantId}:${name}`;
}
