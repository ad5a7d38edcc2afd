/**
 * Drops the expired keys of a page and says how far it looked. By the primary key, a page after the other: an index
 * on the expiry would cost each request with a key an entry more, and what the tables hold is at most some 30 hours.
 *
 * Keys that a gateway is binding anew are passed by, never waited for; what is dropped is locked for one statement and
 * its commit. The expiry is looked at again under the lock: a key that was bound since the page was read has a new one.
 * $1 tenant, $2 the last key of the page before, $3 rows of a page.
 */
export const sweepKeys = {
  name: 'a_sweep_keys',
  text: `
WITH page AS MATERIALIZED (
  SELECT k.key, k.expires_at FROM idempotency_keys k
  WHERE k.tenant_id = $1 AND k.key > $2 ORDER BY k.key LIMIT $3
), dropped AS (
  SELECT ctx.delete_rows(current_schema(), 'idempotency_keys', ARRAY(
    SELECT c.ctid FROM idempotency_keys c
    WHERE c.tenant_id = $1 AND c.key = ANY (ARRAY(SELECT p.key FROM page p WHERE p.expires_at <= clock_timestamp()))
      AND c.expires_at <= clock_timestamp()
    FOR UPDATE SKIP LOCKED
  )) AS count
)
SELECT (SELECT max(key) FROM page) AS last, (SELECT count(*)::int FROM page) AS seen,
  (SELECT d.count FROM dropped d) AS dropped`,
} as const;
