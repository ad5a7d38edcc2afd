CREATE OR REPLACE FUNCTION ctx.add_key(p_kid text, p_purpose text) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog
AS $$
DECLARE
  secret bytea := ctx.random_secret();
  inner_pad bytea := '';
  outer_pad bytea := '';
  octet integer;
BEGIN
  FOR i IN 0..63 LOOP
    octet := CASE WHEN i < 32 THEN get_byte(secret, i) ELSE 0 END;
    inner_pad := inner_pad || set_byte('\x00'::bytea, 0, octet # 54);
    outer_pad := outer_pad || set_byte('\x00'::bytea, 0, octet # 92);
  END LOOP;
  INSERT INTO ctx.keys (kid, purpose, ipad, opad) VALUES (p_kid, p_purpose, inner_pad, outer_pad);
END
$$;
