/** The items that an execution stored last, in its tenant's own session. $1 its id. */
export const selectLastItems = {
  name: 'x_last_items',
  text: `
SELECT segment, items::text AS items FROM execution_history
WHERE tenant_id = ctx.tenant() AND execution_id = $1::uuid
ORDER BY segment DESC LIMIT 1`,
} as const;
