-- Every claim and renewal takes away at most four rows that are older than a week, so that the audit neither grows for ever nor
-- is ever cleaned at one blow. Never the row of a lease that has not ended.
CREATE OR REPLACE FUNCTION ctx.prune_audit() RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  -- A volatile function is no index condition: in the query it would have every claim read all rows kept.
  now timestamptz := clock_timestamp();
  old timestamptz := now - interval '7 days';
BEGIN
  DELETE FROM ctx.lease_audit a WHERE a.ctid = ANY (ARRAY(
    SELECT o.ctid FROM ctx.lease_audit o WHERE o.taken_at < old AND o.lease_until < now
     ORDER BY o.taken_at LIMIT 4 FOR UPDATE SKIP LOCKED));
END
$$;
