/** Statements on a work row that analytics has leased, in its tenant's session under `ef_analytics`. $1 tenant, $2 kind, $3 id. */

/**
 * A later claim may have done more: what this one found must not replace it. Taken last, not first: a wake of the
 * row is part of every flush that completes something, and must not wait for a count. A completion that this count
 * missed has woken the row, or is waiting for this lock to do so.
 */
export const lockWork = {
  name: 'a_lock_work',
  text: `
SELECT wake_seq, claim_no FROM work WHERE tenant_id = $1 AND kind = $2 AND id = $3
FOR UPDATE`,
} as const;

/** $4 when it is due again. */
export const postponeWork = {
  name: 'a_postpone_work',
  text: `
UPDATE work SET due_at = $4 WHERE tenant_id = $1 AND kind = $2 AND id = $3`,
} as const;

/** $4 how long it rests, an interval. */
export const restWork = {
  name: 'a_rest_work',
  text: `
UPDATE work SET due_at = clock_timestamp() + $4::interval
WHERE tenant_id = $1 AND kind = $2 AND id = $3`,
} as const;

export const deleteWork = {
  name: 'a_delete_work',
  text: `
SELECT ctx.end_work(ARRAY(
  SELECT c.ctid FROM work c WHERE c.tenant_id = $1 AND c.kind = $2 AND c.id = $3 FOR UPDATE
)) AS ended`,
} as const;
