-- Gives back leases of executions that this owner cannot run now, with the reason and the version that they need at least. What is parked is due again when
-- something wakes it; what is not, after 5 s, doubled at each attempt up to 5 minutes. A wake that committed since the
-- signals were read leaves the row due. Answers how many were held.
CREATE OR REPLACE FUNCTION ctx.put_off(p_owner text, p_secret text, p_tenant_ids uuid[], p_ids uuid[], p_claim_nos integer[],
  p_wake_seqs integer[], p_parks boolean[], p_versions integer[], p_reasons text[])
RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan SET row_security = on SET client_min_messages = error
SET debug_print_parse = off SET debug_print_rewritten = off SET debug_print_plan = off
AS $$
DECLARE
  o ctx.owners := ctx.check_owner(p_owner, p_secret);
  size integer := ctx.list_size(
    ARRAY[array_dims(p_ids), array_dims(p_tenant_ids), array_dims(p_claim_nos), array_dims(p_wake_seqs), array_dims(p_parks),
      array_dims(p_versions), array_dims(p_reasons)],
    num_nulls(VARIADIC p_ids) + num_nulls(VARIADIC p_tenant_ids) + num_nulls(VARIADIC p_claim_nos) + num_nulls(VARIADIC p_wake_seqs)
      + num_nulls(VARIADIC p_parks) + num_nulls(VARIADIC p_versions) + num_nulls(VARIADIC p_reasons));
  put integer := 0;
  part integer;
BEGIN
  IF size > 500 THEN
    RAISE invalid_parameter_value USING MESSAGE = 'at most 500 rows are put off at a time', DETAIL = 'put_off.size';
  END IF;
  -- Twice: a row that a wake updated between the first statement's snapshot and its lock does not come back from it.
  FOR round IN 1..2 LOOP
    UPDATE ef.work w
       SET lease_owner = NULL, lease_until = NULL,
           version = greatest(w.version, l.version),
           reason = left(l.why, 1000),
           due_at = CASE WHEN w.wake_seq <> l.seen THEN w.due_at
                         WHEN l.parks THEN 'infinity'
                         ELSE clock_timestamp() + least(300, 5 * power(2, least(greatest(w.attempts, 1), 10) - 1)) * interval '1 second' END
      FROM (SELECT k.row_id, x.seen, x.parks, x.version, x.why
              FROM (SELECT * FROM unnest(p_tenant_ids, p_ids, p_claim_nos, p_wake_seqs, p_parks, p_versions, p_reasons) u (t, i, n, seen, parks, version, why)
                     ORDER BY 1, 2) x
             CROSS JOIN LATERAL (
               SELECT y.ctid AS row_id FROM ef.work y
                WHERE y.tenant_id = x.t AND y.kind = 'execution' AND y.id = x.i
                  AND y.lease_owner = p_owner AND y.claim_no = x.n
                  FOR UPDATE) k) l
     WHERE w.ctid = l.row_id;
    GET DIAGNOSTICS part = ROW_COUNT;
    put := put + part;
    EXIT WHEN put = size;
  END LOOP;
  RETURN put;
END
$$;

GRANT EXECUTE ON FUNCTION ctx.put_off(text, text, uuid[], uuid[], integer[], integer[], boolean[], integer[], text[]) TO ef_claim;
