/*
 * Pages of executions, newest first: ids are UUIDv7, so the order of ids is that of time. One statement for each kind of
 * filter, without optional conditions: plans are generic, and one `OR $n IS NULL` makes a scan of the tenant of each
 * page. A first page begins at the largest id.
 *
 * Each finds the ids of a page by a range of an index, wherever the page is and however rare what is asked for, and then
 * reads these rows by their key: live executions by their work rows, ended ones by `ended_executions`, whose rows hold
 * many ids each; a slot is the first 40 bits of its ids, so slots are in the order of ids and only those of a slot are
 * sorted. A work row and its execution are of one snapshot, so a page is exact and never short.
 *
 * Where an index is by flow and no flow is asked for, the flows are gone through, a look-up each; a page of n rows is of
 * n flows at most, those with the newest, and their newest are merged. An index without the flow would be an entry more
 * that every execution writes.
 *
 * $1 tenant, $2 only ids below this one, $3 rows; what the filter says begins with $4.
 */

/**
 * Characters of an error that lists show. Authors may raise errors of a megabyte, and a page has a thousand items: its
 * gateway would not live through it.
 */
export const LISTED_ERROR = 4_096;

/**
 * An error that is longer than shown comes as its beginning, with what stands behind its status: a quote within a text
 * is escaped, so this one is the member's.
 */
const SUMMARY = `
  c.id, c.status, c.flow_namespace, c.flow_name, c.flow_version, c.mode, c.created_at, c.started_at, c.ended_at,
  left(c.error::text, ${LISTED_ERROR}) AS error,
  CASE WHEN char_length(c.error::text) > ${LISTED_ERROR}
    THEN substr(c.error::text, strpos(c.error::text, '"status":') + 9, 12) END AS error_status`;

/** Every execution, by the primary key. */
export const listExecutions = {
  name: 'g_list_executions',
  text: `
SELECT ${SUMMARY}
FROM executions c
WHERE c.tenant_id = $1 AND c.id < $2::uuid
ORDER BY c.id DESC
LIMIT $3::int`,
} as const;

/** The rows of a page whose ids were found. */
function summariesOf(found: string): string {
  return `
SELECT e.*
FROM (SELECT f.id FROM (${found}) f ORDER BY f.id DESC LIMIT $3::int) page
CROSS JOIN LATERAL (
  SELECT ${SUMMARY}
  FROM executions c WHERE c.tenant_id = $1 AND c.id = page.id OFFSET 0
) e
ORDER BY e.id DESC`;
}

const CHECKPOINTED = `w.flow_key IS NOT NULL AND w.status <> 'pending'`;

/** Ids of work rows where `fits`, with the condition of a partial index. */
function live(fits: string): string {
  return `
  SELECT w.id FROM work w
  WHERE w.tenant_id = $1 AND ${fits} AND w.id < $2::uuid
  ORDER BY w.id DESC LIMIT $3::int`;
}

/** Ids of ended executions where `fits`. */
function ended(fits: string): string {
  return `
  SELECT i.id FROM ended_executions x CROSS JOIN LATERAL unnest(x.ids) AS i (id)
  WHERE x.tenant_id = $1 AND ${fits} AND x.slot <= substring(uuid_send($2::uuid) FROM 1 FOR 5) AND i.id < $2::uuid
  ORDER BY x.slot DESC, i.id DESC LIMIT $3::int`;
}

function all(sources: readonly string[]): string {
  return sources.map((source) => `(${source})`).join(' UNION ALL ');
}

/** $4 running, waiting or suspended. */
export const listLive = {
  name: 'g_list_live',
  text: summariesOf(live(`${CHECKPOINTED} AND w.status = $4::text`)),
} as const;

/** The keys of the flows of which there are rows where `fits`. */
function flowsOf(table: string, fits: string): string {
  const one = (more: string) =>
    `SELECT r.flow_key FROM ${table} r WHERE r.tenant_id = $1 AND ${fits}${more} ORDER BY r.flow_key LIMIT 1`;
  return `
WITH RECURSIVE flows AS (
  (${one('')})
  UNION ALL
  SELECT n.flow_key FROM flows p CROSS JOIN LATERAL (${one(' AND r.flow_key > p.flow_key')}) n
)`;
}

/** $4 cancelled, faulted or completed. */
export const listEnded = {
  name: 'g_list_ended',
  text: `${flowsOf('ended_executions', 'r.status = $4::text')}${summariesOf(`
  SELECT n.id FROM (
    SELECT p.flow_key FROM flows p CROSS JOIN LATERAL (
      SELECT x.slot FROM ended_executions x
      WHERE x.tenant_id = $1 AND x.status = $4::text AND x.flow_key = p.flow_key
        AND x.slot <= substring(uuid_send($2::uuid) FROM 1 FOR 5)
      ORDER BY x.slot DESC LIMIT 1
    ) newest
    -- Of two flows with the newest in one slot either may have the newer one.
    ORDER BY newest.slot DESC FETCH FIRST ($3::int) ROWS WITH TIES
  ) p CROSS JOIN LATERAL (${ended('x.status = $4::text AND x.flow_key = p.flow_key')}) n`)}`,
} as const;

const unclaimed = (row: string) =>
  `${row}.flow_key IS NOT NULL AND ${row}.status = 'pending' AND ${row}.lease_owner IS NULL`;

export const listPending = {
  name: 'g_list_pending',
  text: `${flowsOf('work', unclaimed('r'))}${summariesOf(
    all([
      `
  SELECT n.id FROM (
    SELECT p.flow_key FROM flows p CROSS JOIN LATERAL (
      SELECT w.id FROM work w
      WHERE w.tenant_id = $1 AND ${unclaimed('w')} AND w.flow_key = p.flow_key AND w.id < $2::uuid
      ORDER BY w.id DESC LIMIT 1
    ) newest
    ORDER BY newest.id DESC LIMIT $3::int
  ) p CROSS JOIN LATERAL (${live(`${unclaimed('w')} AND w.flow_key = p.flow_key`)}) n`,
      'SELECT p.id FROM ctx.claimed_pending($2::uuid, $3::int, NULL) p',
    ]),
  )}`,
} as const;

const FLOW_KEY = `hashtextextended($4::text, 0)`;

const PENDING_OF_FLOW = [
  live(`${unclaimed('w')} AND w.flow_key = ${FLOW_KEY}`),
  `SELECT p.id FROM ctx.claimed_pending($2::uuid, $3::int, ${FLOW_KEY}) p`,
];

/** $4 flow as namespace/name. */
export const listPendingOfFlow = {
  name: 'g_list_pending_of_flow',
  text: summariesOf(all(PENDING_OF_FLOW)),
} as const;

/** $4 flow, $5 running, waiting or suspended. */
export const listLiveOfFlow = {
  name: 'g_list_live_of_flow',
  text: summariesOf(live(`${CHECKPOINTED} AND w.flow_key = ${FLOW_KEY} AND w.status = $5::text`)),
} as const;

/** $4 flow, $5 cancelled, faulted or completed. */
export const listEndedOfFlow = {
  name: 'g_list_ended_of_flow',
  text: summariesOf(ended(`x.status = $5::text AND x.flow_key = ${FLOW_KEY}`)),
} as const;

/** The newest of each status, merged. $4 flow. */
export const listOfFlow = {
  name: 'g_list_of_flow',
  text: summariesOf(
    all([
      ...PENDING_OF_FLOW,
      ...['running', 'waiting', 'suspended'].map((status) =>
        live(`${CHECKPOINTED} AND w.flow_key = ${FLOW_KEY} AND w.status = '${status}'`),
      ),
      ...['cancelled', 'faulted', 'completed'].map((status) =>
        ended(`x.status = '${status}' AND x.flow_key = ${FLOW_KEY}`),
      ),
    ]),
  ),
} as const;
