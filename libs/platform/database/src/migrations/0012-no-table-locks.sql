-- Who may update, delete or truncate a table as a whole may LOCK it in any mode, against everybody, for as long as a
-- session of its lasts. So no login role may any more: updates are granted by column, and rows are deleted by functions
-- of ctx_owner (ctx.end_work, ctx.forget_outbox, ctx.delete_rows). See docs/adr/0022.
SET LOCAL ROLE ef_owner;
SET LOCAL search_path = pg_catalog;

DO $$
DECLARE
  roles CONSTANT text := 'ef_api, ef_registry, ef_worker, ef_writer, ef_scheduler, ef_analytics';
  deleted CONSTANT text[] := '{schedules,execution_signals,execution_values,idempotency_keys,usage_hourly,usage_cursors,requests}';
  place name;
  target name;
BEGIN
  EXECUTE format('REVOKE DELETE ON ef.work, ef.outbox FROM %s', roles);
  GRANT DELETE ON ef.outbox TO ctx_owner;
  FOR place IN SELECT n.nspname FROM pg_namespace n WHERE n.nspname = 'ef' OR n.nspname ~ '^tenant_[0-9a-f]{32}$' LOOP
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO ctx_owner', place);
    FOREACH target IN ARRAY deleted LOOP
      -- execution_values comes with 0015; some installations had that one first.
      CONTINUE WHEN to_regclass(format('%I.%I', place, target)) IS NULL;
      EXECUTE format('REVOKE DELETE ON %I.%I FROM %s', place, target, roles);
      EXECUTE format('GRANT SELECT (ctid, tenant_id), DELETE ON %I.%I TO ctx_owner', place, target);
      EXECUTE format('CREATE POLICY %I ON %I.%I AS PERMISSIVE FOR ALL TO ctx_owner USING (true) WITH CHECK (true)',
        target || '_definer_functions', place, target);
    END LOOP;
    EXECUTE format('GRANT SELECT (ctid) ON %I.idempotency_keys TO ef_analytics', place);
    -- Counters are replaced, not changed.
    EXECUTE format('REVOKE UPDATE ON %I.usage_hourly, %I.usage_cursors FROM ef_analytics', place, place);
    EXECUTE format('GRANT UPDATE (snapshot, uncounted_from, mark, marked_at) ON %I.usage_cursors TO ef_analytics', place);
  END LOOP;
END
$$;

RESET ROLE;
