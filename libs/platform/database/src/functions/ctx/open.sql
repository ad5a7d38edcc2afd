-- Mints tokens for exactly the tenants of live, committed leases of the owner: in a transaction that has written
-- (so perhaps claimed, and may yet roll back) it refuses. A token ends with the last of the tenant's leases named.
CREATE OR REPLACE FUNCTION ctx.open(p_owner text, p_secret text, p_tenant_ids uuid[], p_kinds text[], p_ids uuid[])
RETURNS TABLE (tenant_id uuid, audience text, token text, expires_at timestamptz, schema_name text, epoch integer)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER ROWS 100
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan SET row_security = on SET client_min_messages = error
SET debug_print_parse = off SET debug_print_rewritten = off SET debug_print_plan = off
AS $$
#variable_conflict use_column
DECLARE
  o ctx.owners;
  kid text;
  inner_pad bytea;
  outer_pad bytea;
  opened record;
  expires bigint;
BEGIN
  IF pg_current_xact_id_if_assigned() IS NOT NULL THEN
    RAISE insufficient_privilege USING MESSAGE = 'tokens are opened in a transaction that has written nothing', DETAIL = 'open.uncommitted';
  END IF;
  o := ctx.check_owner(p_owner, p_secret);
  IF ctx.list_size(ARRAY[array_dims(p_ids), array_dims(p_kinds), array_dims(p_tenant_ids)],
       num_nulls(VARIADIC p_ids) + num_nulls(VARIADIC p_kinds) + num_nulls(VARIADIC p_tenant_ids)) > 500 THEN
    RAISE invalid_parameter_value USING MESSAGE = 'at most 500 leases are opened at a time', DETAIL = 'open.size';
  END IF;
  SELECT y.kid, y.ipad, y.opad INTO STRICT kid, inner_pad, outer_pad FROM ctx.keys y
   WHERE y.purpose = 'token' AND y.retired_at IS NULL ORDER BY y.created_at DESC LIMIT 1;
  -- The query finds what is opened, and no parameter of it is a pad; see ctx.sign.
  FOR opened IN
    SELECT l.t, l.ends, p.schema_name, p.epoch
      FROM (
        SELECT h.t, max(h.ends) AS ends FROM (
          SELECT x.t, w.lease_until AS ends
            FROM (SELECT u.t, u.k, u.i FROM unnest(p_tenant_ids, p_kinds, p_ids) u (t, k, i)) x
           CROSS JOIN LATERAL (
             SELECT y.lease_until FROM ef.work y
              WHERE y.tenant_id = x.t AND y.kind = x.k AND y.id = x.i
                AND y.lease_owner = p_owner AND y.lease_until > clock_timestamp() OFFSET 0) w
          UNION ALL
          SELECT x.t, b.lease_until
            FROM (SELECT u.t, u.k, u.i FROM unnest(p_tenant_ids, p_kinds, p_ids) u (t, k, i) WHERE u.k = 'outbox') x
           CROSS JOIN LATERAL (
             SELECT y.lease_until FROM ef.outbox y
              WHERE y.tenant_id = x.t AND y.id = x.i
                AND y.lease_owner = p_owner AND y.lease_until > clock_timestamp() OFFSET 0) b
        ) h GROUP BY h.t
      ) l
      CROSS JOIN LATERAL (SELECT y.schema_name, y.epoch FROM ctx.placements y
                           WHERE y.tenant_id = l.t AND y.state = 'active' OFFSET 0) p
  LOOP
    tenant_id := opened.t;
    expires_at := opened.ends;
    schema_name := opened.schema_name;
    epoch := opened.epoch;
    expires := floor(extract(epoch FROM opened.ends) * 1000);
    FOREACH audience IN ARRAY o.audiences LOOP
      token := ctx.sign(kid, inner_pad, outer_pad, tenant_id, audience, 'lease', epoch, expires);
      RETURN NEXT;
    END LOOP;
  END LOOP;
END
$$;

GRANT EXECUTE ON FUNCTION ctx.open(text, text, uuid[], text[], uuid[]) TO ef_claim;
