CREATE OR REPLACE FUNCTION ctx.check_owner(p_owner text, p_secret text) RETURNS ctx.owners
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog
AS $$
DECLARE
  found_owner ctx.owners;
BEGIN
  SELECT o.* INTO found_owner FROM ctx.owners o
   WHERE o.owner = p_owner AND o.secret_hash = sha256(convert_to(p_secret, 'UTF8'));
  IF NOT FOUND THEN
    RAISE insufficient_privilege USING MESSAGE = 'unknown lease owner or wrong secret', DETAIL = 'owner.refused';
  END IF;
  RETURN found_owner;
END
$$;
