-- Registers a slot and answers its secret. Registering again changes the secret and releases what the slot held;
-- a slot never passes to another workload. Every process of a workload has its identity, and may take over its slots: who
-- held one before is refused from the commit on.
CREATE OR REPLACE FUNCTION ctx.register_owner(p_owner text, p_workload text, p_kinds text[], p_audiences text[]) RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan SET row_security = on SET client_min_messages = error
SET debug_print_parse = off SET debug_print_rewritten = off SET debug_print_plan = off
AS $$
DECLARE
  secret text := encode(ctx.random_secret(), 'hex');
  -- Here and not in the query, which would have the secret as its parameter.
  hash bytea := sha256(convert_to(secret, 'UTF8'));
  bound text;
BEGIN
  IF ctx.list_size(ARRAY[array_dims(p_kinds)], num_nulls(VARIADIC p_kinds))
     + ctx.list_size(ARRAY[array_dims(p_audiences)], num_nulls(VARIADIC p_audiences)) > 20 THEN
    RAISE invalid_parameter_value USING MESSAGE = 'kinds and audiences are named once', DETAIL = 'owner.size';
  END IF;
  IF NOT EXISTS (SELECT 1 FROM ctx.workloads l WHERE l.workload = p_workload AND p_kinds <@ l.kinds AND p_audiences <@ l.audiences) THEN
    RAISE insufficient_privilege USING MESSAGE = 'this workload may not hold such leases', DETAIL = 'owner.workload';
  END IF;
  IF p_owner IS NULL OR p_owner !~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$' THEN
    RAISE invalid_parameter_value USING MESSAGE = 'not the name of a slot', DETAIL = 'owner.name';
  END IF;
  -- Slots of one workload are registered one after the other, so that their number holds.
  PERFORM 1 FROM ctx.workloads l WHERE l.workload = p_workload FOR UPDATE;
  SELECT o.workload INTO bound FROM ctx.owners o WHERE o.owner = p_owner FOR UPDATE;
  IF bound <> p_workload THEN
    RAISE insufficient_privilege USING MESSAGE = 'the slot belongs to another workload', DETAIL = 'owner.taken';
  END IF;
  -- Where a slot is named after its pod, those of pods that are gone would fill the number: a slot that has claimed
  -- nothing for a day makes room for a new one.
  IF bound IS NULL AND (SELECT count(*) FROM ctx.owners o WHERE o.workload = p_workload) >= 256 THEN
    DELETE FROM ctx.owners o
     WHERE o.workload = p_workload AND o.registered_at < clock_timestamp() - interval '1 day'
       AND NOT EXISTS (SELECT 1 FROM ctx.lease_audit a WHERE a.owner = o.owner AND a.taken_at > clock_timestamp() - interval '1 day')
       AND NOT EXISTS (SELECT 1 FROM ef.work w WHERE w.lease_owner = o.owner AND w.lease_until > clock_timestamp())
       AND NOT EXISTS (SELECT 1 FROM ef.outbox b WHERE b.lease_owner = o.owner AND b.lease_until > clock_timestamp());
  END IF;
  IF bound IS NULL AND (SELECT count(*) FROM ctx.owners o WHERE o.workload = p_workload) >= 256 THEN
    RAISE insufficient_resources USING MESSAGE = 'this workload has as many slots as it may', DETAIL = 'owner.slots';
  END IF;
  IF bound IS NULL AND (SELECT count(*) FROM ctx.owners o WHERE o.workload = p_workload AND o.made_at > clock_timestamp() - interval '1 minute')
       >= (SELECT l.new_slots FROM ctx.workloads l WHERE l.workload = p_workload) THEN
    RAISE insufficient_resources USING MESSAGE = 'this workload gets no more new slots within a minute', DETAIL = 'owner.new_slots';
  END IF;
  INSERT INTO ctx.owners AS o (owner, workload, secret_hash, kinds, audiences)
  VALUES (p_owner, p_workload, hash, p_kinds, p_audiences)
  ON CONFLICT (owner) DO UPDATE SET secret_hash = excluded.secret_hash, kinds = excluded.kinds,
    audiences = excluded.audiences, registered_at = clock_timestamp();
  INSERT INTO ctx.owner_rooms (owner, part) SELECT p_owner, g FROM generate_series(0, 7) g
  ON CONFLICT (owner, part) DO NOTHING;
  UPDATE ef.work w SET lease_owner = NULL, lease_until = NULL WHERE w.lease_owner || '' = p_owner;
  UPDATE ef.outbox b SET lease_owner = NULL, lease_until = NULL WHERE b.lease_owner || '' = p_owner;
  RETURN secret;
END
$$;

GRANT EXECUTE ON FUNCTION ctx.register_owner(text, text, text[], text[]) TO ef_issuer;
