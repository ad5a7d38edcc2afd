-- Called by definer functions only. READ COMMITTED, so that each statement sees the secret as it is now: under a snapshot
-- of before, one that was changed would go on.
CREATE OR REPLACE FUNCTION ctx.check_owner(p_owner text, p_secret text) RETURNS ctx.owners
LANGUAGE plpgsql STABLE
AS $$
DECLARE
  found_owner ctx.owners;
  -- Here and not in the query, which would have the secret as its parameter.
  hash bytea := sha256(convert_to(p_secret, 'UTF8'));
BEGIN
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE insufficient_privilege USING MESSAGE = 'leases need READ COMMITTED', DETAIL = 'owner.isolation';
  END IF;
  SELECT o.* INTO found_owner FROM ctx.owners o WHERE o.owner = p_owner AND o.secret_hash = hash;
  IF NOT FOUND THEN
    RAISE insufficient_privilege USING MESSAGE = 'unknown lease owner or wrong secret', DETAIL = 'owner.refused';
  END IF;
  RETURN found_owner;
END
$$;
