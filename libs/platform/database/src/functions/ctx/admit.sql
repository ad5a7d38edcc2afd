-- Verifies each token once and answers the signed context of this transaction. The DETAIL of a refusal is
-- a list "code tenant,…": the batch writer drops those members and commits the others.
-- One context a transaction, and only in it: a nonce of the context stands in `backtrace_functions`, a setting that no
-- application role may change and that ends with the transaction, and the MAC is over it. (It names functions of the
-- server whose errors are logged with a backtrace; none is called ef_….) So neither an emptied `ef.context` opens a second
-- one, nor is one good in the next transaction of the same message, which has the same timestamp. See docs/adr/0020.
-- A loop of simple expressions takes 30 us for one token and 8 for each more; one set-based statement took 95 and 12.
CREATE OR REPLACE FUNCTION ctx.admit(tokens text[], OUT context text, OUT path text)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan SET row_security = on SET client_min_messages = error
SET debug_print_parse = off SET debug_print_rewritten = off SET debug_print_plan = off
AS $$
DECLARE
  size integer := coalesce(cardinality(tokens), 0);
  now_ms bigint := ctx.clock_ms();
  caller text := session_user;
  token text;
  signed text;
  part text[];
  expires bigint;
  kid text := '';
  inner_pad bytea;
  outer_pad bytea;
  inner_context_pad bytea;
  outer_context_pad bytea;
  members text[] := '{}';
  epochs text[] := '{}';
  earliest bigint := 9223372036854775807;
  refused text := '';
  problem text;
  first_schema text;
  last_schema text;
  last_state text;
  last_epoch integer;
  nonce text;
BEGIN
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE insufficient_privilege USING MESSAGE = 'a tenant context needs READ COMMITTED', DETAIL = 'context.isolation';
  END IF;
  IF coalesce(current_setting('ef.context', true), '') <> '' OR starts_with(current_setting('backtrace_functions'), 'ef_') THEN
    RAISE insufficient_privilege USING MESSAGE = 'this transaction already has a tenant context', DETAIL = 'context.second';
  END IF;
  -- A NULL among the tokens is one without a key, below.
  IF size < 1 OR size > 100 OR array_ndims(tokens) > 1 OR array_lower(tokens, 1) <> 1
     OR (size > 1 AND caller NOT IN ('ef_writer', 'ef_worker', 'ef_api')) THEN
    RAISE insufficient_privilege USING MESSAGE = 'a bundle has 1 to 100 tenants, and one where the role has no bundles', DETAIL = 'context.size';
  END IF;

  FOREACH token IN ARRAY tokens LOOP
    signed := split_part(token, '~', 1);
    part := string_to_array(signed, '.');
    IF part[1] IS DISTINCT FROM kid THEN
      kid := part[1];
      SELECT y.ipad, y.opad, c.ipad, c.opad INTO inner_pad, outer_pad, inner_context_pad, outer_context_pad
        FROM ctx.keys y CROSS JOIN ctx.keys c
       WHERE y.kid = part[1] AND y.purpose = 'token' AND (y.retired_at IS NULL OR y.retired_at > clock_timestamp()) AND c.kid = 'context';
    END IF;
    -- Nothing of a token is used or repeated before its signature is right.
    IF outer_pad IS NULL THEN
      refused := refused || ',token.key';
    ELSIF encode(sha256(outer_pad || sha256(inner_pad || convert_to(signed, 'UTF8'))), 'hex') IS DISTINCT FROM split_part(token, '~', 2) THEN
      refused := refused || ',token.forged';
    ELSE
      expires := part[6]::bigint;
      problem := CASE
        WHEN part[3] <> caller THEN 'token.audience'
        WHEN expires <= now_ms THEN 'token.expired'
        -- No token lives longer, so one that does was not minted, whoever signed it; NULL is one that never ends.
        WHEN (expires <= now_ms + 60000) IS NOT TRUE THEN 'token.life'
        -- A move holds it exclusively. Tried, not waited for: one member never delays the others.
        WHEN NOT pg_try_advisory_xact_lock_shared(uuid_hash_extended(part[2]::uuid, 20250)) THEN 'tenant.moving'
      END;
      IF problem IS NULL THEN
        members := members || part[2];
        epochs := epochs || part[5];
        earliest := least(earliest, expires);
      ELSE
        refused := refused || ',' || problem || ' ' || part[2];
      END IF;
    END IF;
  END LOOP;

  -- New statements, so a new snapshot: a move that committed before the lock was had is seen.
  IF refused <> '' THEN
    NULL;
  ELSIF size = 1 THEN
    SELECT y.schema_name, y.schema_name, y.epoch, y.state INTO first_schema, last_schema, last_epoch, last_state
      FROM ctx.placements y WHERE y.tenant_id = members[1]::uuid;
    IF last_epoch IS DISTINCT FROM epochs[1]::integer THEN
      refused := ',token.epoch ' || members[1];
    ELSIF last_state <> 'active' THEN
      refused := ',tenant.' || last_state || ' ' || members[1];
    END IF;
  ELSE
    SELECT min(p.schema_name), max(p.schema_name),
           coalesce(string_agg(CASE WHEN p.epoch IS DISTINCT FROM m.epoch THEN ',token.epoch ' ELSE ',tenant.' || p.state || ' ' END || m.tenant, '')
             FILTER (WHERE p.epoch IS DISTINCT FROM m.epoch OR p.state <> 'active'), '')
      INTO first_schema, last_schema, refused
      FROM unnest(members::uuid[], epochs::integer[]) m (tenant, epoch)
      LEFT JOIN LATERAL (SELECT y.schema_name, y.epoch, y.state FROM ctx.placements y
                          WHERE y.tenant_id = m.tenant OFFSET 0) p ON true;
  END IF;
  IF refused <> '' THEN
    RAISE insufficient_privilege USING MESSAGE = 'tenant token refused', DETAIL = substr(refused, 2);
  END IF;
  IF first_schema <> last_schema THEN
    RAISE insufficient_privilege USING MESSAGE = 'a bundle has one placement', DETAIL = 'context.placement';
  END IF;

  -- What a managed server does not grant is left out there: docs/adr/0020.
  IF has_parameter_privilege('backtrace_functions', 'SET') THEN
    nonce := set_config('backtrace_functions', 'ef_' || to_hex((date_part('epoch', clock_timestamp()) * 1000000)::bigint), true);
  END IF;
  context := earliest || '.{' || array_to_string(members, ',') || '}.' || first_schema;
  context := context || '~' || encode(sha256(outer_context_pad || sha256(inner_context_pad || int4send(pg_backend_pid())
    || timestamptz_send(transaction_timestamp()) || convert_to(current_setting('backtrace_functions') || context, 'UTF8'))), 'hex');
  path := CASE WHEN first_schema = 'ef' THEN 'ef' ELSE quote_ident(first_schema) || ', ef' END;
END
$$;

GRANT EXECUTE ON FUNCTION ctx.admit(text[]) TO ef_api, ef_registry, ef_worker, ef_writer, ef_scheduler, ef_analytics;
