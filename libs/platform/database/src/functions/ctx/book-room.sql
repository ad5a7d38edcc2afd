CREATE OR REPLACE FUNCTION ctx.book_room(p_owner text, p_part smallint, taken integer) RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
  UPDATE ctx.owner_rooms r SET upper_bound = r.upper_bound + taken WHERE r.owner = p_owner AND r.part = p_part;
END
$$;
