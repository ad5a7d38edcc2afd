-- The id of the work row that counts the hour of a time: it ends in the hour's seconds since the epoch, in hex.
CREATE OR REPLACE FUNCTION ctx.rollup_id(p_time timestamptz) RETURNS uuid
LANGUAGE sql STABLE
RETURN ('00000000-0000-7000-8000-' || lpad(to_hex(floor(extract(epoch FROM p_time) / 3600)::bigint * 3600), 12, '0'))::uuid;
