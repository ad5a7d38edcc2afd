-- The unforgeable context: keys, placements, and the functions every policy calls.
-- Tokens and contexts are signed with HMAC-SHA256 (RFC 2104) made of core sha256() and pads computed once a key,
-- so that no extension is needed. The comparison is not constant in time: bytes are compared 16 at a time or more,
-- behind a statement of tens of microseconds, and one guess is right with 2^-128.
SET LOCAL ROLE ctx_owner;
SET LOCAL search_path = ctx;

CREATE TABLE ctx.keys (
  kid text PRIMARY KEY,
  purpose text NOT NULL CHECK (purpose IN ('token', 'context')),
  ipad bytea NOT NULL,
  opad bytea NOT NULL,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- From then on nothing signed with it is believed.
  retired_at timestamptz
);

CREATE TABLE ctx.placements (
  tenant_id uuid PRIMARY KEY,
  kind text NOT NULL CHECK (kind IN ('shared', 'schema')),
  schema_name text NOT NULL,
  epoch integer NOT NULL DEFAULT 1,
  state text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'moving', 'suspended'))
);

CREATE FUNCTION ctx.random_secret() RETURNS bytea
LANGUAGE sql VOLATILE SET search_path = pg_catalog
-- Four times 122 strong random bits, folded into 32 bytes.
RETURN sha256(convert_to(gen_random_uuid()::text || gen_random_uuid() || gen_random_uuid() || gen_random_uuid(), 'UTF8'));

CREATE FUNCTION ctx.add_key(p_kid text, p_purpose text) RETURNS void
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

SELECT ctx.add_key('context', 'context'), ctx.add_key('t1', 'token');

-- kid . tenant . audience . scope . epoch . expiry in ms ~ HMAC. Inlined into the statements that mint.
CREATE FUNCTION ctx.sign(kid text, ipad bytea, opad bytea, tenant uuid, audience text, scope text, epoch integer, expires bigint)
RETURNS text LANGUAGE sql STABLE
RETURN concat_ws('.', kid, tenant, audience, scope, epoch, expires) || '~' ||
  encode(sha256(opad || sha256(ipad || convert_to(concat_ws('.', kid, tenant, audience, scope, epoch, expires), 'UTF8'))), 'hex');

CREATE FUNCTION ctx.clock_ms() RETURNS bigint
LANGUAGE sql VOLATILE
RETURN floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint;

-- Verifies each token once and answers the signed context of this transaction. The DETAIL of a refusal is
-- a list "code tenant,…": the batch writer drops those members and commits the others.
-- A loop of simple expressions takes 30 us for one token and 8 for each more; one set-based statement took 95 and 12.
CREATE FUNCTION ctx.admit(tokens text[], OUT context text, OUT path text)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog
AS $$
DECLARE
  size integer := coalesce(array_length(tokens, 1), 0);
  now_ms bigint := ctx.clock_ms();
  caller text := session_user;
  token text;
  signed text;
  part text[];
  kid text := '';
  inner_pad bytea;
  outer_pad bytea;
  members text[] := '{}';
  epochs text[] := '{}';
  earliest bigint := 9223372036854775807;
  refused text := '';
  problem text;
  first_schema text;
  last_schema text;
  last_state text;
  last_epoch integer;
BEGIN
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE insufficient_privilege USING MESSAGE = 'a tenant context needs READ COMMITTED', DETAIL = 'context.isolation';
  END IF;
  IF coalesce(current_setting('ef.context', true), '') <> '' THEN
    RAISE insufficient_privilege USING MESSAGE = 'this transaction already has a tenant context', DETAIL = 'context.second';
  END IF;
  IF size < 1 OR size > 100 OR (size > 1 AND caller NOT IN ('ef_writer', 'ef_worker', 'ef_api')) THEN
    RAISE insufficient_privilege USING MESSAGE = 'a bundle has 1 to 100 tenants, and one where the role has no bundles', DETAIL = 'context.size';
  END IF;

  FOREACH token IN ARRAY tokens LOOP
    signed := split_part(token, '~', 1);
    part := string_to_array(signed, '.');
    IF part[1] IS DISTINCT FROM kid THEN
      kid := part[1];
      SELECT y.ipad, y.opad INTO inner_pad, outer_pad FROM ctx.keys y
       WHERE y.kid = part[1] AND y.purpose = 'token' AND (y.retired_at IS NULL OR y.retired_at > clock_timestamp());
    END IF;
    -- Nothing of a token is used or repeated before its signature is right.
    IF outer_pad IS NULL THEN
      refused := refused || ',token.key';
    ELSIF encode(sha256(outer_pad || sha256(inner_pad || convert_to(signed, 'UTF8'))), 'hex') IS DISTINCT FROM split_part(token, '~', 2) THEN
      refused := refused || ',token.forged';
    ELSE
      problem := CASE
        WHEN part[3] <> caller THEN 'token.audience'
        WHEN part[6]::bigint <= now_ms THEN 'token.expired'
        -- A move holds it exclusively. Tried, not waited for: one member never delays the others.
        WHEN NOT pg_try_advisory_xact_lock_shared(uuid_hash_extended(part[2]::uuid, 20250)) THEN 'tenant.moving'
      END;
      IF problem IS NULL THEN
        members := members || part[2];
        epochs := epochs || part[5];
        earliest := least(earliest, part[6]::bigint);
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

  SELECT y.ipad, y.opad INTO STRICT inner_pad, outer_pad FROM ctx.keys y WHERE y.kid = 'context';
  context := earliest || '.{' || array_to_string(members, ',') || '}';
  context := context || '~' || encode(sha256(outer_pad || sha256(inner_pad || int4send(pg_backend_pid())
    || timestamptz_send(transaction_timestamp()) || convert_to(context, 'UTF8'))), 'hex');
  path := CASE WHEN first_schema = 'ef' THEN 'ef' ELSE quote_ident(first_schema) || ', ef' END;
END
$$;

-- Binds this transaction to the tenants of the tokens. Not SECURITY DEFINER itself: a function with a pinned
-- search_path cannot leave another one behind; all it adds to ctx.admit is two transaction-local settings.
CREATE FUNCTION ctx.begin(tokens text[]) RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  admitted record;
  ignored text;
BEGIN
  admitted := ctx.admit(tokens);
  ignored := pg_catalog.set_config('ef.context', admitted.context, true);
  ignored := pg_catalog.set_config('search_path', admitted.path, true);
END
$$;

-- The tenants of this transaction, from the one MAC that ctx.begin left. STABLE: policies call it as
-- (SELECT …), an init plan, once a policy and statement and never once a row.
CREATE FUNCTION ctx.tenants() RETURNS uuid[]
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER SET search_path = pg_catalog
AS $$
DECLARE
  context text := current_setting('ef.context', true);
  signed text;
  inner_pad bytea;
  outer_pad bytea;
BEGIN
  -- After a transaction the setting is '' and not NULL.
  IF coalesce(context, '') = '' THEN
    RAISE insufficient_privilege USING MESSAGE = 'no tenant context in this transaction', DETAIL = 'context.missing';
  END IF;
  signed := split_part(context, '~', 1);
  SELECT y.ipad, y.opad INTO STRICT inner_pad, outer_pad FROM ctx.keys y WHERE y.kid = 'context';
  IF encode(sha256(outer_pad || sha256(inner_pad || int4send(pg_backend_pid())
       || timestamptz_send(transaction_timestamp()) || convert_to(signed, 'UTF8'))), 'hex') <> split_part(context, '~', 2) THEN
    RAISE insufficient_privilege USING MESSAGE = 'the tenant context is not of this transaction', DETAIL = 'context.forged';
  END IF;
  IF split_part(signed, '.', 1)::bigint <= ctx.clock_ms() THEN
    RAISE insufficient_privilege USING MESSAGE = 'the tenant context has expired', DETAIL = 'token.expired';
  END IF;
  RETURN split_part(signed, '.', 2)::uuid[];
END
$$;

CREATE FUNCTION ctx.tenant() RETURNS uuid
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER SET search_path = pg_catalog
AS $$
DECLARE
  members uuid[] := ctx.tenants();
BEGIN
  IF array_length(members, 1) <> 1 THEN
    RAISE insufficient_privilege USING MESSAGE = 'more than one tenant in a context of one', DETAIL = 'context.bundle';
  END IF;
  RETURN members[1];
END
$$;

GRANT USAGE ON SCHEMA ctx TO ef_owner, ef_api, ef_registry, ef_worker, ef_writer, ef_claim, ef_scheduler, ef_analytics, ef_issuer;
GRANT EXECUTE ON FUNCTION ctx.begin(text[]), ctx.admit(text[]), ctx.tenants(), ctx.tenant()
  TO ef_api, ef_registry, ef_worker, ef_writer, ef_scheduler, ef_analytics;

RESET ROLE;
