-- Reads what was there before 0009 with a lock that lets others read and write. Times without end are set to now, or
-- those rows could not be changed any more. Whatever else does not fit stays as it is, and its table's check unvalidated:
-- new rows are checked all the same.
SET LOCAL ROLE ef_owner;
SET LOCAL search_path = pg_catalog;

DO $$
DECLARE
  earliest CONSTANT timestamptz := '1970-01-01 00:00:00+00';
  latest CONSTANT timestamptz := '10000-01-01 00:00:00+00';
  item record;
  part record;
  faulty regclass[] := '{}';
BEGIN
  FOR item IN SELECT k.conrelid::regclass AS target, k.conname FROM pg_constraint k JOIN pg_namespace n ON n.oid = k.connamespace
               WHERE k.contype = 'c' AND NOT k.convalidated AND k.conname LIKE '%\_values' AND (n.nspname = 'ef' OR n.nspname ~ '^tenant_[0-9a-f]{32}$') LOOP
    BEGIN
      EXECUTE format('ALTER TABLE %s VALIDATE CONSTRAINT %I', item.target, item.conname);
    EXCEPTION WHEN check_violation THEN
      faulty := array_append(faulty, item.target);
    END;
  END LOOP;
  FOR item IN SELECT k.conrelid::regclass AS target, k.conname FROM pg_constraint k
               WHERE k.conrelid = ANY (faulty) AND k.contype = 'c' AND NOT k.convalidated AND k.conname LIKE '%\_values' LOOP
    -- Its owner too sees the rows of no tenant while security is forced.
    EXECUTE format('ALTER TABLE %s NO FORCE ROW LEVEL SECURITY', item.target);
    FOR part IN SELECT a.attname FROM pg_attribute a
                 WHERE a.attrelid = item.target AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' AND a.atttypid = 'timestamptz'::regtype LOOP
      BEGIN
        -- Work that waits for a wake is due never.
        EXECUTE format('UPDATE %s SET %I = clock_timestamp() WHERE %2$I < %3$L OR (%2$I >= %4$L AND %2$L <> %5$L)',
          item.target, part.attname, earliest, latest, 'due_at');
      EXCEPTION WHEN check_violation THEN
        RAISE WARNING '% has rows with more than a time that its check refuses', item.target;
      END;
    END LOOP;
    EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', item.target);
    BEGIN
      EXECUTE format('ALTER TABLE %s VALIDATE CONSTRAINT %I', item.target, item.conname);
    EXCEPTION WHEN check_violation THEN
      RAISE WARNING '% has rows that its check refuses', item.target;
    END;
  END LOOP;
END
$$;

RESET ROLE;
