/**
 * Keys in the order of the arrays, which must be sorted by tenant and key: who binds the same keys, be it another
 * gateway's flush or a scheduler, then waits and never in a circle. An expired key is bound anew.
 */
const bind = `
  INSERT INTO idempotency_keys AS k
    (tenant_id, key, request_hash, execution_id, dispatch, expires_at)
  SELECT x.tenant_id, x.key, x.request_hash, x.execution_id, $5,
         clock_timestamp() + interval '24 hours'
  FROM unnest($1::uuid[], $2::text[], $3::bytea[], $4::uuid[])
    AS x (tenant_id, key, request_hash, execution_id)
  ON CONFLICT (tenant_id, key) DO UPDATE
    SET request_hash = excluded.request_hash, execution_id = excluded.execution_id,
        dispatch = excluded.dispatch, expires_at = excluded.expires_at
    WHERE k.expires_at <= clock_timestamp()
  RETURNING k.tenant_id, k.execution_id`;

/** Binds all keys of a flush that has several calls of `acceptExecutions`: none of them may bind after another. */
export const bindKeys = { name: 'g_bind_keys', text: bind } as const;

/**
 * The group commit: idempotency keys, intents and `work` rows of one flush in one statement. All rows of a call share
 * class, due time and lease owner (a flush has one call, or two when eco executions wait for their window), which
 * keeps joins out of the plan.
 *
 * A key that another request has bound inserts nothing, and its intent and work row with it: the second statement
 * then reads whose it is. `IN (…)` under OR is a hashed subplan, whatever the planner thinks of the batch's size; a
 * join here would be a nested loop over both (see the plan settings).
 */
export const acceptExecutions = {
  name: 'g_accept_executions',
  text: `
WITH bound AS (${bind}
), x AS MATERIALIZED (
  SELECT x.*
  FROM unnest($6::uuid[], $7::uuid[], $8::text[], $9::text[], $10::text[], $11::text[],
              $12::text[], $13::text[], $14::text[], $15::timestamptz[], $16::boolean[])
    AS x (tenant_id, id, flow_namespace, flow_name, flow_version, mode,
          input, reply_slot, trace_parent, created_at, keyed)
  WHERE NOT x.keyed OR x.id IN (SELECT execution_id FROM bound)
), started AS (
  INSERT INTO executions
    (tenant_id, id, flow_namespace, flow_name, flow_version, mode, status, input, revision,
     reply_slot, trace_parent, created_at)
  SELECT x.tenant_id, x.id, x.flow_namespace, x.flow_name, x.flow_version, x.mode, 'pending',
         x.input::json, 0, x.reply_slot, x.trace_parent, x.created_at
  FROM x
), chosen AS (
  SELECT array_agg(tenant_id) AS tenant_ids, array_agg(id) AS ids, count(*)::int AS n,
    array_agg(hashtextextended(flow_namespace || '/' || flow_name, 0)) AS flow_keys
  FROM x HAVING count(*) > 0
)
SELECT e.tenant_id, e.id, e.claim_no
FROM chosen CROSS JOIN LATERAL ctx.enqueue(
  chosen.tenant_ids, array_fill('execution'::text, ARRAY[chosen.n]), chosen.ids,
  array_fill($17::smallint, ARRAY[chosen.n]),
  array_fill($18::timestamptz, ARRAY[chosen.n]),
  $19::text, $20::text, $21::integer, chosen.flow_keys) AS e`,
} as const;

/** Whose the keys are that a flush could not bind. No payload: `ef_writer` reads none. */
export const readBoundKeys = {
  name: 'g_read_bound_keys',
  text: `
SELECT x.tenant_id, x.key, k.request_hash, k.execution_id, k.dispatch, e.status
FROM unnest($1::uuid[], $2::text[]) AS x (tenant_id, key)
CROSS JOIN LATERAL (
  SELECT i.request_hash, i.execution_id, i.dispatch
  FROM idempotency_keys i
  WHERE i.tenant_id = x.tenant_id AND i.key = x.key AND i.expires_at > clock_timestamp()
  OFFSET 0
) k
CROSS JOIN LATERAL (
  SELECT s.status FROM executions s
  WHERE s.tenant_id = x.tenant_id AND s.id = k.execution_id
  OFFSET 0
) e`,
} as const;
