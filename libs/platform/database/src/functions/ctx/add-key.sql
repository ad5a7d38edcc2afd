-- Called by definer functions of ctx_owner only. The pads are made inside the query: a variable that holds them would be
-- a parameter of its plan.
CREATE OR REPLACE FUNCTION ctx.add_key(p_kid text, p_purpose text) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  WITH made AS MATERIALIZED (SELECT ctx.random_secret() AS secret)
  INSERT INTO ctx.keys (kid, purpose, ipad, opad)
  SELECT p_kid, p_purpose,
         string_agg(set_byte(decode('00', 'hex'), 0, x.octet # 54), ''::bytea ORDER BY x.place),
         string_agg(set_byte(decode('00', 'hex'), 0, x.octet # 92), ''::bytea ORDER BY x.place)
    FROM (SELECT g AS place, CASE WHEN g < 32 THEN get_byte(made.secret, g) ELSE 0 END AS octet
            FROM made CROSS JOIN generate_series(0, 63) g) x;
END
$$;
