-- Every claim takes away at most four rows that are older than a week, so that the audit neither grows for ever nor
-- is ever cleaned at one blow.
CREATE OR REPLACE FUNCTION ctx.prune_audit() RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog
AS $$
DECLARE
  -- A volatile function is no index condition: in the query it would have every claim read all rows kept.
  old timestamptz := clock_timestamp() - interval '7 days';
BEGIN
  DELETE FROM ctx.lease_audit a WHERE a.ctid = ANY (ARRAY(
    SELECT o.ctid FROM ctx.lease_audit o WHERE o.taken_at < old
     ORDER BY o.taken_at LIMIT 4 FOR UPDATE SKIP LOCKED));
END
$$;
