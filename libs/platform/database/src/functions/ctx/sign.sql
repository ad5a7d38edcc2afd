-- kid . tenant . audience . scope . epoch . expiry in ms ~ HMAC. Inlined into the statements that mint.
CREATE OR REPLACE FUNCTION ctx.sign(kid text, ipad bytea, opad bytea, tenant uuid, audience text, scope text, epoch integer, expires bigint)
RETURNS text LANGUAGE sql STABLE
RETURN concat_ws('.', kid, tenant, audience, scope, epoch, expires) || '~' ||
  encode(sha256(opad || sha256(ipad || convert_to(concat_ws('.', kid, tenant, audience, scope, epoch, expires), 'UTF8'))), 'hex');
