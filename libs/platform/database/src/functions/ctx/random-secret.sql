CREATE OR REPLACE FUNCTION ctx.random_secret() RETURNS bytea
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp
-- Four times 122 strong random bits, folded into 32 bytes.
RETURN sha256(convert_to(gen_random_uuid()::text || gen_random_uuid() || gen_random_uuid() || gen_random_uuid(), 'UTF8'));
