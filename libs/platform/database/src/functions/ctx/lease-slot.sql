-- The slot that the holder has, or the lowest that nobody has: for a minute from now. Who asks again keeps the slot,
-- also late, while nobody else has taken it; another number says that somebody has.
CREATE OR REPLACE FUNCTION ctx.lease_slot(p_workload text, p_holder text) RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan SET row_security = on SET client_min_messages = error
SET debug_print_parse = off SET debug_print_rewritten = off SET debug_print_plan = off
AS $$
DECLARE
  ends timestamptz;
  leased integer;
BEGIN
  IF p_holder IS NULL OR p_workload IS NULL OR p_holder !~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,252}$' OR p_workload !~ '^[a-z-]{1,40}$' THEN
    RAISE invalid_parameter_value USING MESSAGE = 'not the name of a process', DETAIL = 'slot.holder';
  END IF;
  -- One after the other; a process asks three times a minute.
  LOCK TABLE ctx.slots IN SHARE ROW EXCLUSIVE MODE;
  ends := clock_timestamp() + interval '1 minute';
  UPDATE ctx.slots s SET lease_until = ends
   WHERE s.workload = p_workload AND s.holder = p_holder
     AND s.slot = (SELECT min(o.slot) FROM ctx.slots o WHERE o.workload = p_workload AND o.holder = p_holder)
  RETURNING s.slot INTO leased;
  IF leased IS NOT NULL THEN
    RETURN leased;
  END IF;
  SELECT min(g) INTO leased FROM generate_series(0, 255) g
   WHERE NOT EXISTS (SELECT 1 FROM ctx.slots s
                      WHERE s.workload = p_workload AND s.slot = g AND s.lease_until > clock_timestamp());
  IF leased IS NULL THEN
    RAISE insufficient_resources USING MESSAGE = 'this workload has as many slots as it may', DETAIL = 'owner.slots';
  END IF;
  -- Workloads without leases, such as the gateway, have no row: the same number.
  IF NOT EXISTS (SELECT 1 FROM ctx.slots s WHERE s.workload = p_workload AND s.slot = leased)
     AND (SELECT count(*) FROM ctx.slots s WHERE s.workload = p_workload AND s.taken_at > clock_timestamp() - interval '1 minute')
       >= coalesce((SELECT l.new_slots FROM ctx.workloads l WHERE l.workload = p_workload), 32) THEN
    RAISE insufficient_resources USING MESSAGE = 'this workload gets no more new slots within a minute', DETAIL = 'owner.new_slots';
  END IF;
  INSERT INTO ctx.slots AS s (workload, slot, holder, lease_until) VALUES (p_workload, leased, p_holder, ends)
  ON CONFLICT (workload, slot) DO UPDATE SET holder = excluded.holder, lease_until = excluded.lease_until;
  RETURN leased;
END
$$;

GRANT EXECUTE ON FUNCTION ctx.lease_slot(text, text) TO ef_issuer;
