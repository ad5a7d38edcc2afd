-- Inserts work rows of this transaction's tenants, or wakes those that exist. With owner and secret (the one-process
-- shape) new rows are born leased, and claim_no and lease_until come back; of a woken row they are null.
CREATE OR REPLACE FUNCTION ctx.enqueue(p_tenant_ids uuid[], p_kinds text[], p_ids uuid[], p_classes smallint[], p_due_ats timestamptz[],
  p_owner text DEFAULT NULL, p_secret text DEFAULT NULL, p_lease_ms integer DEFAULT 15000)
RETURNS TABLE (tenant_id uuid, id uuid, claim_no integer, lease_until timestamptz)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog ROWS 100
AS $$
#variable_conflict use_column
DECLARE
  members uuid[] := ctx.tenants();
  o ctx.owners;
  ends timestamptz;
  room record;
  size integer := coalesce(array_length(p_ids, 1), 0);
BEGIN
  IF EXISTS (SELECT unnest(p_tenant_ids) EXCEPT SELECT unnest(members)) THEN
    RAISE insufficient_privilege USING MESSAGE = 'work of a tenant outside this context', DETAIL = 'enqueue.tenant';
  END IF;
  IF size <> coalesce(array_length(p_tenant_ids, 1), 0) THEN
    RAISE invalid_parameter_value USING MESSAGE = 'the arrays of work differ in length', DETAIL = 'enqueue.size';
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
    INSERT INTO ef.work AS w (tenant_id, kind, id, class, due_at, lease_owner, lease_until, claim_no)
    SELECT x.t, x.k, x.i, x.c, coalesce(x.d, clock_timestamp()), p_owner, ends, (p_owner IS NOT NULL)::integer
      FROM unnest(p_tenant_ids, p_kinds, p_ids, p_classes, p_due_ats) x (t, k, i, c, d)
     ORDER BY x.t, x.k, x.i
    ON CONFLICT (tenant_id, kind, id) DO UPDATE
       SET wake_seq = w.wake_seq + 1, due_at = least(w.due_at, excluded.due_at)
    -- xmax is 0 only of a row this statement inserted.
    RETURNING w.tenant_id, w.id,
      CASE WHEN p_owner IS NOT NULL AND w.xmax = 0 THEN w.claim_no END,
      CASE WHEN p_owner IS NOT NULL AND w.xmax = 0 THEN w.lease_until END;
END
$$;

GRANT EXECUTE ON FUNCTION ctx.enqueue(uuid[], text[], uuid[], smallint[], timestamptz[], text, text, integer) TO ef_writer, ef_api, ef_scheduler, ef_registry;
