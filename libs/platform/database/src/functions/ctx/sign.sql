-- kid . tenant . audience . scope . epoch . expiry in ms ~ HMAC; NULL when any part is.
-- PL/pgSQL and one expression without tables: such an expression has a plan without values, whatever settings the
-- session has. In a query, or in a function of language sql, the pads would be parameters, and a custom plan folds
-- parameters into constants that `debug_print_plan` sends to the client.
CREATE OR REPLACE FUNCTION ctx.sign(kid text, ipad bytea, opad bytea, tenant uuid, audience text, scope text, epoch integer, expires bigint)
RETURNS text LANGUAGE plpgsql STABLE
AS $$
DECLARE
  signed text := kid || '.' || tenant || '.' || audience || '.' || scope || '.' || epoch || '.' || expires;
BEGIN
  RETURN signed || '~' || encode(sha256(opad || sha256(ipad || convert_to(signed, 'UTF8'))), 'hex');
END
$$;
