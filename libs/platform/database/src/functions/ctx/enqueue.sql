-- Inserts work rows of this transaction's tenants, or wakes those that exist. With owner and secret (the one-process
-- shape) new rows are born leased, and claim_no and lease_until come back; of a woken row they are null.
-- Each role inserts the kinds of its service. Whether an execution or a schedule is there is not asked: it comes in the
-- same statement and is not visible yet. Who claims a row without one deletes it. `p_flow_keys` tells lists the flows of
-- executions: a hash of namespace/name.
DROP FUNCTION IF EXISTS ctx.enqueue(uuid[], text[], uuid[], smallint[], timestamptz[], text, text, integer);
CREATE OR REPLACE FUNCTION ctx.enqueue(p_tenant_ids uuid[], p_kinds text[], p_ids uuid[], p_classes smallint[], p_due_ats timestamptz[],
  p_owner text DEFAULT NULL, p_secret text DEFAULT NULL, p_lease_ms integer DEFAULT 15000, p_flow_keys bigint[] DEFAULT NULL)
RETURNS TABLE (tenant_id uuid, id uuid, claim_no integer, lease_until timestamptz)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER ROWS 100
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan SET row_security = on SET client_min_messages = error
SET debug_print_parse = off SET debug_print_rewritten = off SET debug_print_plan = off
AS $$
#variable_conflict use_column
DECLARE
  members uuid[] := ctx.tenants();
  hours uuid[];
  o ctx.owners;
  ends timestamptz;
  room record;
  size integer := ctx.list_size(
    ARRAY[array_dims(p_ids), array_dims(p_tenant_ids), array_dims(p_kinds), array_dims(p_classes), array_dims(p_due_ats),
          CASE WHEN p_flow_keys IS NULL THEN array_dims(p_ids) ELSE array_dims(p_flow_keys) END],
    -- A time may be NULL: at once.
    num_nulls(VARIADIC p_ids) + num_nulls(VARIADIC p_tenant_ids) + num_nulls(VARIADIC p_kinds) + num_nulls(VARIADIC p_classes)
      + num_nulls(VARIADIC coalesce(p_flow_keys, '{}')));
  kinds text[] := CASE session_user WHEN 'ef_writer' THEN '{execution,rollup}' WHEN 'ef_registry' THEN '{schedule}' END;
BEGIN
  IF EXISTS (SELECT unnest(p_tenant_ids) EXCEPT SELECT unnest(members)) THEN
    RAISE insufficient_privilege USING MESSAGE = 'work of a tenant outside this context', DETAIL = 'enqueue.tenant';
  END IF;
  -- NULL is a role that inserts nothing.
  IF (p_kinds <@ kinds) IS NOT TRUE AND size > 0 THEN
    RAISE insufficient_privilege USING MESSAGE = 'this role does not insert work of that kind', DETAIL = 'enqueue.kind';
  END IF;
  -- A completion falls into the hour of its transaction, which lasts less than an hour. So a tenant has two such rows.
  IF 'rollup' = ANY (p_kinds) THEN
    hours := ARRAY[ctx.rollup_id(transaction_timestamp()), ctx.rollup_id(clock_timestamp())];
    IF EXISTS (SELECT 1 FROM unnest(p_kinds, p_ids) u (k, i) WHERE u.k = 'rollup' AND u.i <> ALL (hours)) THEN
      RAISE invalid_parameter_value USING MESSAGE = 'usage is counted of the hour that is', DETAIL = 'enqueue.hour';
    END IF;
  END IF;
  IF p_owner IS NOT NULL THEN
    o := ctx.check_owner(p_owner, p_secret);
    ends := ctx.lease_end(p_lease_ms);
    IF NOT p_kinds <@ o.kinds THEN
      RAISE insufficient_privilege USING MESSAGE = 'this owner may not hold that kind', DETAIL = 'claim.kind';
    END IF;
    IF size > 500 THEN
      RAISE invalid_parameter_value USING MESSAGE = 'at most 500 rows are born leased at a time', DETAIL = 'claim.size';
    END IF;
    SELECT r.part, r.granted INTO room FROM ctx.lock_room(p_owner, size) r;
    IF room.granted < size THEN
      RAISE insufficient_resources USING MESSAGE = 'this owner holds as many leases as it may', DETAIL = 'owner.full';
    END IF;
    PERFORM ctx.book_room(p_owner, room.part, size);
    INSERT INTO ctx.lease_audit (owner, leases, lease_until, tenants)
    SELECT p_owner, size, ends, array_agg(DISTINCT t) FROM unnest(p_tenant_ids) t HAVING count(*) > 0;
    PERFORM ctx.prune_audit();
  END IF;
  RETURN QUERY
    INSERT INTO ef.work AS w (tenant_id, kind, id, class, due_at, lease_owner, lease_until, claim_no, attempts, flow_key)
    SELECT x.t, x.k, x.i, x.c, coalesce(x.d, clock_timestamp()), p_owner, ends, (p_owner IS NOT NULL)::integer, (p_owner IS NOT NULL)::integer, x.f
      FROM unnest(p_tenant_ids, p_kinds, p_ids, p_classes, p_due_ats, p_flow_keys) x (t, k, i, c, d, f)
     ORDER BY x.t, x.k, x.i
    -- A role may set the number of its wakes; after the last one comes the first, or it would fail the whole batch.
    ON CONFLICT (tenant_id, kind, id) DO UPDATE
       SET wake_seq = w.wake_seq % 2147483647 + 1, due_at = least(w.due_at, excluded.due_at)
    -- xmax is 0 only of a row this statement inserted.
    RETURNING w.tenant_id, w.id,
      CASE WHEN p_owner IS NOT NULL AND w.xmax = 0 THEN w.claim_no END,
      CASE WHEN p_owner IS NOT NULL AND w.xmax = 0 THEN w.lease_until END;
END
$$;

GRANT EXECUTE ON FUNCTION ctx.enqueue(uuid[], text[], uuid[], smallint[], timestamptz[], text, text, integer, bigint[]) TO ef_writer, ef_registry;
