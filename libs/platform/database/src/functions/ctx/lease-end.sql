CREATE OR REPLACE FUNCTION ctx.lease_end(p_lease_ms integer) RETURNS timestamptz
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
  IF p_lease_ms IS NULL OR p_lease_ms < 1 OR p_lease_ms > 30000 THEN
    RAISE invalid_parameter_value USING MESSAGE = 'a lease lasts 1 to 30,000 ms', DETAIL = 'lease.duration';
  END IF;
  RETURN clock_timestamp() + p_lease_ms * interval '1 millisecond';
END
$$;
