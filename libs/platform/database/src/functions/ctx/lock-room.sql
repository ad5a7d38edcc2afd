-- Locks room for up to `wanted` more leases of the owner; the caller books what it took with ctx.book_room.
CREATE OR REPLACE FUNCTION ctx.lock_room(p_owner text, wanted integer, OUT part smallint, OUT granted integer)
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  held integer;
BEGIN
  SELECT r.part INTO part FROM ctx.owner_rooms r
   WHERE r.owner = p_owner AND r.upper_bound + wanted <= 625
   ORDER BY r.part LIMIT 1 FOR UPDATE SKIP LOCKED;
  IF FOUND THEN
    granted := wanted;
    RETURN;
  END IF;
  PERFORM 1 FROM ctx.owner_rooms r WHERE r.owner = p_owner ORDER BY r.part FOR UPDATE;
  SELECT (SELECT count(*) FROM ef.work w WHERE w.lease_owner || '' = p_owner AND w.lease_until > clock_timestamp())
       + (SELECT count(*) FROM ef.outbox b WHERE b.lease_owner || '' = p_owner AND b.lease_until > clock_timestamp())
    INTO held;
  UPDATE ctx.owner_rooms r SET upper_bound = held / 8 + (r.part < held % 8)::integer WHERE r.owner = p_owner;
  part := 0;
  granted := least(wanted, greatest(5000 - held, 0));
END
$$;
