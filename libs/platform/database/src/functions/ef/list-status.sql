-- Keeps what filtered lists are read from in step with a status that is not written by the services, whose
-- checkpoint writes many at once: an import, a restored table, a repair by hand. A condition of the triggers, so the
-- checkpoint does not pay for them.
CREATE OR REPLACE FUNCTION ef.list_status() RETURNS trigger
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  key bigint := hashtextextended(NEW.flow_namespace || '/' || NEW.flow_name, 0);
BEGIN
  IF NEW.status IN ('cancelled', 'faulted', 'completed') THEN
    EXECUTE format('INSERT INTO %I.ended_executions (tenant_id, flow_key, status, slot, ids) VALUES ($1, $2, $3, $4, $5)', TG_TABLE_SCHEMA)
      USING NEW.tenant_id, key, NEW.status, substring(uuid_send(NEW.id) FROM 1 FOR 5), ARRAY[NEW.id];
  ELSE
    UPDATE ef.work w SET status = NEW.status, flow_key = key
     WHERE w.tenant_id = NEW.tenant_id AND w.kind = 'execution' AND w.id = NEW.id;
  END IF;
  RETURN NULL;
END
$$;

DO $$
DECLARE
  place name;
BEGIN
  FOR place IN SELECT n.nspname FROM pg_namespace n WHERE n.nspname = 'ef' OR n.nspname ~ '^tenant_[0-9a-f]{32}$' LOOP
    EXECUTE format($make$
      CREATE OR REPLACE TRIGGER executions_inserted AFTER INSERT ON %I.executions FOR EACH ROW
        WHEN (NEW.status <> 'pending' AND current_user NOT IN ('ef_writer', 'ef_scheduler')) EXECUTE FUNCTION ef.list_status()$make$, place);
    EXECUTE format($make$
      CREATE OR REPLACE TRIGGER executions_changed AFTER UPDATE OF status ON %I.executions FOR EACH ROW
        WHEN (NEW.status <> OLD.status AND current_user NOT IN ('ef_writer', 'ef_scheduler')) EXECUTE FUNCTION ef.list_status()$make$, place);
  END LOOP;
END
$$;
