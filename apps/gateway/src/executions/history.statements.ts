/*
 * The history of one execution, a row a checkpoint: `segment` is the sequence of its first item. A row may hold ten
 * thousand items, so as few are read at a time as come to some stored bytes (the column is compressed: about ten times
 * as many in text), and none is read that is not.
 * $1 tenant, $2 execution, $3 a sequence.
 */

/** Rows that are looked at for one read. */
const ROWS = 500;
const STORED_BYTES = 65_536;

/** `start` is a table that says where, joined to what follows: a subquery in the condition is no bound under row-level security. */
function fewRows(condition: string, start = ''): string {
  return `
SELECT r.segment, r.items::text AS items
FROM (
  SELECT h.segment, h.items,
    sum(pg_column_size(h.items)) OVER (ORDER BY h.segment) - pg_column_size(h.items) AS before
  FROM (
    SELECT n.segment, n.items FROM ${start}(
      SELECT c.segment, c.items FROM execution_history c
      WHERE c.tenant_id = $1 AND c.execution_id = $2 AND ${condition}
      ORDER BY c.segment LIMIT ${ROWS}
    ) n
  ) h
) r
WHERE r.before < ${STORED_BYTES}
ORDER BY r.segment`;
}

/** From the row on in which the item with the sequence is, or would be. */
export const readHistoryFrom = {
  name: 'g_read_history_from',
  text: fewRows(
    'c.segment >= s.segment',
    `(
      SELECT coalesce((
        SELECT f.segment FROM execution_history f
        WHERE f.tenant_id = $1 AND f.execution_id = $2 AND f.segment <= $3
        ORDER BY f.segment DESC LIMIT 1
      ), 0) AS segment OFFSET 0
    ) s CROSS JOIN LATERAL `,
  ),
} as const;

/** The rows behind a segment. */
export const readHistoryAfter = {
  name: 'g_read_history_after',
  text: fewRows('c.segment > $3'),
} as const;

/** Whether there is such an execution: one that has not started has no history either. $1 tenant, $2 id. */
export const findExecution = {
  name: 'g_find_execution',
  text: 'SELECT 1 AS found FROM executions WHERE tenant_id = $1 AND id = $2',
} as const;
