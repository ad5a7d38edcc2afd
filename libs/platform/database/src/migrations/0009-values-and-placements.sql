-- What a row may hold, whoever writes it: one absurd value (a time without end, a list in another shape) made every
-- batch fail that read the row, for all tenants. And the policies name the schema of their table, so that a tenant has
-- its rows in its own placement only. See docs/adr/0021.

-- The policies below need them; as they are now they stand in functions/ctx.
SET LOCAL ROLE ctx_owner;
CREATE FUNCTION ctx.tenants_in(place text) RETURNS uuid[]
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED AS 'BEGIN RETURN ctx.tenants(); END';
CREATE FUNCTION ctx.tenant_in(place text) RETURNS uuid
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED AS 'BEGIN RETURN ctx.tenant(); END';
GRANT EXECUTE ON FUNCTION ctx.tenants_in(text), ctx.tenant_in(text) TO ef_api, ef_registry, ef_worker, ef_writer, ef_scheduler, ef_analytics;
RESET ROLE;

SET LOCAL ROLE ef_owner;
SET LOCAL search_path = pg_catalog;

-- One constraint a table: the catalogue's text of each is read anew by every statement (30 us of the insert of
-- executions), rows cost next to nothing. No patterns: one over the reply slot took 1.1 us a row. A NULL passes. Times are
-- those of an ISO date of four digits. Lengths are in bytes and generous: bounds for what is absurd, the contracts are
-- narrower. NOT VALID, because reading every row would hold the tables meanwhile: see 0010.
DO $$
DECLARE
  checks CONSTANT text[] := ARRAY[
    ['tenants', $c$ octet_length(name) BETWEEN 1 AND 1024 AND status IN ('active', 'suspended') AND times(created_at) $c$],
    ['users', $c$ octet_length(email) BETWEEN 1 AND 1280 AND octet_length(password_hash) <= 1024 AND times(created_at) $c$],
    ['api_keys', $c$ octet_length(hash) = 32 AND cardinality(scopes) <= 100 AND times(created_at, revoked_at) $c$],
    ['work', $c$ kind IN ('execution', 'schedule', 'rollup', 'release', 'sweep') AND class IN (0, 1) AND wake_seq >= 0 AND claim_no >= 0
      AND due_at >= '1970-01-01 00:00:00+00' AND times(lease_until) $c$],
    ['outbox', $c$ times(created_at, lease_until) AND coalesce(array_ndims(executions), 1) = 1 AND coalesce(array_lower(executions, 1), 1) = 1
      AND array_dims(executions) IS NOT DISTINCT FROM array_dims(segments)
      AND num_nulls(VARIADIC executions) = 0 AND num_nulls(VARIADIC segments) = 0 $c$],
    ['flows', $c$ octet_length(namespace) BETWEEN 1 AND 63 AND octet_length(name) BETWEEN 1 AND 63 AND octet_length(active_version) <= 2000
      AND times(created_at, updated_at) $c$],
    ['flow_versions', $c$ octet_length(namespace) BETWEEN 1 AND 63 AND octet_length(name) BETWEEN 1 AND 63
      AND octet_length(version) BETWEEN 1 AND 2000 AND octet_length(media_type) <= 255 AND octet_length(content_hash) <= 128 AND times(created_at) $c$],
    ['schedules', $c$ kind IN ('every', 'cron', 'after') AND octet_length(version) BETWEEN 1 AND 2000 AND octet_length(expression) <= 8192
      AND times(last_tick, next_tick) $c$],
    ['executions', $c$ mode IN ('realtime', 'balanced', 'eco')
      AND status IN ('pending', 'running', 'waiting', 'suspended', 'cancelled', 'faulted', 'completed')
      AND octet_length(flow_namespace) <= 63 AND octet_length(flow_name) <= 63 AND octet_length(flow_version) <= 2000
      AND octet_length(parent_key) <= 16384 AND octet_length(trace_parent) <= 255 AND octet_length(reply_slot) <= 255
      AND revision >= 0 AND times(created_at, started_at, ended_at) $c$],
    ['execution_history', $c$ segment >= 0 AND times(created_at) $c$],
    ['execution_signals', $c$ times(created_at) $c$],
    ['execution_values', $c$ id >= 0 $c$],
    ['idempotency_keys', $c$ octet_length(key) BETWEEN 1 AND 1024 AND octet_length(dispatch) <= 255 AND octet_length(request_hash) <= 64 AND times(expires_at) $c$],
    ['usage_hourly', $c$ octet_length(flow_namespace) BETWEEN 1 AND 63 AND octet_length(flow_name) BETWEEN 1 AND 63 AND octet_length(mode) <= 63
      AND executions >= 0 AND cost >= 0 AND cost < 'Infinity' AND times(hour) $c$],
    ['usage_cursors', $c$ octet_length(snapshot) <= 1048576 AND octet_length(mark) <= 255 AND times(hour, uncounted_from, marked_at) $c$],
    ['requests', $c$ octet_length(service) <= 255 AND octet_length(pattern) <= 255 AND times(created_at, replied_at) $c$]];
  -- What the new ones say too.
  told CONSTANT text[] := '{tenants_status_check,api_keys_hash_check,work_kind_check,work_class_check,schedules_kind_check,executions_mode_check,executions_status_check}';
  item record;
BEGIN
  FOR item IN SELECT n.nspname AS place, checks[i][1] AS name, n.nspname || '.' || checks[i][1] AS target,
                     regexp_replace(checks[i][2], 'times\(([a-z_, ]+)\)',
                       $r$least(\1) >= '1970-01-01 00:00:00+00' AND greatest(\1) < '10000-01-01 00:00:00+00'$r$) AS condition
                FROM pg_namespace n CROSS JOIN generate_subscripts(checks, 1) i
               WHERE (n.nspname = 'ef' OR n.nspname ~ '^tenant_[0-9a-f]{32}$') AND to_regclass(n.nspname || '.' || checks[i][1]) IS NOT NULL LOOP
    EXECUTE format('ALTER TABLE %I.%I ADD CONSTRAINT %I CHECK (%s) NOT VALID %s', item.place, item.name, item.name || '_values', item.condition,
      (SELECT string_agg(format(', DROP CONSTRAINT %I', k.conname), '') FROM pg_constraint k
        WHERE k.conrelid = item.target::regclass AND k.contype = 'c' AND k.conname = ANY (told)));
  END LOOP;
END
$$;

DO $$
DECLARE
  once_a_database CONSTANT text[] := '{tenants,users,api_keys,work,outbox}';
  item record;
BEGIN
  FOR item IN SELECT p.polname, n.nspname AS place, c.relname AS name,
                     replace(replace(pg_get_expr(p.polqual, p.polrelid), 'ctx.tenant()', placed.one), 'ctx.tenants()', placed.many) AS qual,
                     replace(replace(pg_get_expr(p.polwithcheck, p.polrelid), 'ctx.tenant()', placed.one), 'ctx.tenants()', placed.many) AS check_expr
                FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid JOIN pg_namespace n ON n.oid = c.relnamespace
               CROSS JOIN LATERAL (SELECT format('ctx.tenant_in(%L)', n.nspname) AS one, format('ctx.tenants_in(%L)', n.nspname) AS many) placed
               WHERE NOT p.polpermissive AND (n.nspname = 'ef' OR n.nspname ~ '^tenant_[0-9a-f]{32}$') AND c.relname <> ALL (once_a_database) LOOP
    EXECUTE format('ALTER POLICY %I ON %I.%I%s%s', item.polname, item.place, item.name,
      coalesce(' USING (' || item.qual || ')', ''), coalesce(' WITH CHECK (' || item.check_expr || ')', ''));
  END LOOP;
END
$$;

RESET ROLE;
