-- Extends live leases of the owner. Two statements: a row that a wake updated between the first one's snapshot
-- and its lock does not come back from it.
CREATE OR REPLACE FUNCTION ctx.renew(p_owner text, p_secret text, p_tenant_ids uuid[], p_kinds text[], p_ids uuid[], p_claim_nos integer[], p_lease_ms integer DEFAULT 15000)
RETURNS TABLE (tenant_id uuid, kind text, id uuid, lease_until timestamptz)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog ROWS 100
AS $$
#variable_conflict use_column
DECLARE
  o ctx.owners := ctx.check_owner(p_owner, p_secret);
  ends timestamptz := ctx.lease_end(p_lease_ms);
  renewed integer;
BEGIN
  FOR round IN 1..2 LOOP
    RETURN QUERY
      UPDATE ef.work w SET lease_until = ends
        FROM (SELECT k.row_id
                FROM (SELECT * FROM unnest(p_tenant_ids, p_kinds, p_ids, p_claim_nos) u (t, k, i, n) ORDER BY 1, 2, 3) x
               CROSS JOIN LATERAL (
                 SELECT y.ctid AS row_id FROM ef.work y
                  WHERE y.tenant_id = x.t AND y.kind = x.k AND y.id = x.i
                    AND y.lease_owner = p_owner AND y.claim_no = x.n
                    AND y.lease_until > clock_timestamp() AND y.lease_until <> ends
                    FOR UPDATE) k) l
       WHERE w.ctid = l.row_id
      RETURNING w.tenant_id, w.kind, w.id, w.lease_until;
    GET DIAGNOSTICS renewed = ROW_COUNT;
    EXIT WHEN renewed = coalesce(array_length(p_ids, 1), 0);
  END LOOP;
  IF 'outbox' = ANY (p_kinds) THEN
    RETURN QUERY
      UPDATE ef.outbox b SET lease_until = ends
        FROM (SELECT k.row_id
                FROM (SELECT * FROM unnest(p_tenant_ids, p_kinds, p_ids) u (t, k, i) WHERE u.k = 'outbox' ORDER BY 1, 3) x
               CROSS JOIN LATERAL (
                 SELECT y.ctid AS row_id FROM ef.outbox y
                  WHERE y.tenant_id = x.t AND y.id = x.i
                    AND y.lease_owner = p_owner AND y.lease_until > clock_timestamp()
                    FOR UPDATE) k) l
       WHERE b.ctid = l.row_id
      RETURNING b.tenant_id, 'outbox'::text, b.id, b.lease_until;
  END IF;
END
$$;

GRANT EXECUTE ON FUNCTION ctx.renew(text, text, uuid[], text[], uuid[], integer[], integer) TO ef_claim;
