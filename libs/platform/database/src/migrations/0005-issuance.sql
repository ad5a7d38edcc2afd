-- What the issuer may do: named functions, no table.
SET LOCAL ROLE ef_owner;
SET LOCAL search_path = ef;

-- Makes the tables of a schema placement as they are in `ef` now: columns, keys, indexes, storage, policies and grants
-- are read from the catalogue, so that a later migration has one shape to change and new placements follow.
CREATE FUNCTION ef.create_placement(p_schema text) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog
AS $$
DECLARE
  once_a_database CONSTANT text[] := '{tenants,users,api_keys,work,outbox,migrations}';
  t record;
  item record;
BEGIN
  IF p_schema !~ '^tenant_[0-9a-f]{32}$' THEN
    RAISE invalid_parameter_value USING MESSAGE = 'not the name of a placement';
  END IF;
  EXECUTE format('CREATE SCHEMA %I', p_schema);
  FOR item IN SELECT DISTINCT r.rolname FROM pg_namespace n, aclexplode(n.nspacl) a, pg_roles r
               WHERE n.nspname = 'ef' AND r.oid = a.grantee AND r.rolname NOT IN ('ef_owner', 'ctx_owner', 'ef_issuer', 'ef_claim') LOOP
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', p_schema, item.rolname);
  END LOOP;
  FOR t IN SELECT c.oid, c.relname, c.reloptions FROM pg_class c
            WHERE c.relnamespace = 'ef'::regnamespace AND c.relkind = 'r' AND c.relname <> ALL (once_a_database) ORDER BY c.relname LOOP
    EXECUTE format('CREATE TABLE %I.%I (LIKE ef.%I INCLUDING ALL)', p_schema, t.relname, t.relname);
    EXECUTE format('ALTER TABLE %I.%I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', p_schema, t.relname);
    IF t.reloptions IS NOT NULL THEN
      EXECUTE format('ALTER TABLE %I.%I SET (%s)', p_schema, t.relname, array_to_string(t.reloptions, ', '));
    END IF;
    FOR item IN SELECT p.polname, p.polpermissive, p.polcmd, p.polroles,
                       pg_get_expr(p.polqual, p.polrelid) AS qual, pg_get_expr(p.polwithcheck, p.polrelid) AS check_expr
                  FROM pg_policy p WHERE p.polrelid = t.oid LOOP
      EXECUTE format('CREATE POLICY %I ON %I.%I AS %s FOR %s TO %s%s%s', item.polname, p_schema, t.relname,
        CASE WHEN item.polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END,
        CASE item.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
        (SELECT string_agg(quote_ident(r.rolname), ', ') FROM pg_roles r WHERE r.oid = ANY (item.polroles)),
        coalesce(' USING (' || item.qual || ')', ''), coalesce(' WITH CHECK (' || item.check_expr || ')', ''));
    END LOOP;
    FOR item IN SELECT a.privilege_type, r.rolname, NULL::name AS attname
                  FROM pg_class c, aclexplode(c.relacl) a, pg_roles r WHERE c.oid = t.oid AND r.oid = a.grantee AND r.rolname <> 'ef_owner'
                UNION ALL
                SELECT a.privilege_type, r.rolname, n.attname
                  FROM pg_attribute n, aclexplode(n.attacl) a, pg_roles r WHERE n.attrelid = t.oid AND r.oid = a.grantee LOOP
      EXECUTE format('GRANT %s%s ON %I.%I TO %I', item.privilege_type, coalesce(' (' || quote_ident(item.attname) || ')', ''), p_schema, t.relname, item.rolname);
    END LOOP;
  END LOOP;
  FOR item IN SELECT c.relname, pg_get_constraintdef(k.oid) AS definition, f.relname AS target
                FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_class f ON f.oid = k.confrelid
               WHERE k.contype = 'f' AND c.relnamespace = 'ef'::regnamespace AND c.relname <> ALL (once_a_database) LOOP
    EXECUTE format('ALTER TABLE %I.%I ADD %s', p_schema, item.relname,
      CASE WHEN item.target = ANY (once_a_database) THEN item.definition
           ELSE replace(item.definition, 'REFERENCES ef.', format('REFERENCES %I.', p_schema)) END);
  END LOOP;
END
$$;
REVOKE EXECUTE ON FUNCTION ef.create_placement(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ef.create_placement(text) TO ctx_owner;
RESET ROLE;

SET LOCAL ROLE ctx_owner;
SET LOCAL search_path = ctx;

CREATE TABLE ctx.used_delegations (
  id uuid PRIMARY KEY,
  expires_at timestamptz NOT NULL
);

CREATE FUNCTION ctx.resolve_key(p_hash bytea)
RETURNS TABLE (tenant_id uuid, key_id uuid, scopes text[])
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog
AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY SELECT k.tenant_id, k.id, k.scopes FROM ef.api_keys k WHERE k.hash = p_hash AND k.revoked_at IS NULL;
END
$$;

CREATE FUNCTION ctx.resolve_login(p_email text)
RETURNS TABLE (tenant_id uuid, user_id uuid, password_hash text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog
AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY SELECT u.tenant_id, u.id, u.password_hash FROM ef.users u WHERE lower(u.email) = lower(p_email);
END
$$;

-- Whether a user still exists: a JWT outlives neither its user nor its tenant.
CREATE FUNCTION ctx.user_exists(p_tenant uuid, p_user uuid) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog
AS $$
BEGIN
  RETURN EXISTS (SELECT 1 FROM ef.users u WHERE u.tenant_id = p_tenant AND u.id = p_user);
END
$$;

-- Tokens of one active tenant, one a role; no row when the tenant is unknown, suspended or moving.
CREATE FUNCTION ctx.mint(p_tenant uuid, p_audiences text[], p_scope text, p_ttl_ms integer)
RETURNS TABLE (audience text, token text, expires_at timestamptz, placement text, schema_name text, epoch integer, limits json)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog
AS $$
#variable_conflict use_column
DECLARE
  ends timestamptz;
  signer record;
BEGIN
  IF p_ttl_ms < 1 OR p_ttl_ms > 60000 THEN
    RAISE invalid_parameter_value USING MESSAGE = 'a token lives 1 to 60,000 ms', DETAIL = 'mint.duration';
  END IF;
  IF p_scope !~ '^[a-z0-9:_ -]{1,200}$' THEN
    RAISE invalid_parameter_value USING MESSAGE = 'not a scope', DETAIL = 'mint.scope';
  END IF;
  IF NOT p_audiences <@ '{ef_api,ef_registry,ef_worker,ef_writer,ef_scheduler,ef_analytics}'::text[] THEN
    RAISE insufficient_privilege USING MESSAGE = 'no tokens are minted for that role', DETAIL = 'mint.audience';
  END IF;
  ends := clock_timestamp() + p_ttl_ms * interval '1 millisecond';
  SELECT y.kid, y.ipad, y.opad INTO STRICT signer FROM ctx.keys y
   WHERE y.purpose = 'token' AND y.retired_at IS NULL ORDER BY y.created_at DESC LIMIT 1;
  RETURN QUERY
    SELECT a.role, ctx.sign(signer.kid, signer.ipad, signer.opad, p_tenant, a.role, p_scope, p.epoch, floor(extract(epoch FROM ends) * 1000)::bigint),
           ends, p.kind, p.schema_name, p.epoch, t.limits
      FROM ctx.placements p JOIN ef.tenants t ON t.tenant_id = p.tenant_id CROSS JOIN unnest(p_audiences) a (role)
     WHERE p.tenant_id = p_tenant AND p.state = 'active';
END
$$;

-- A new signing key; tokens of the old ones are believed for two more minutes, twice their longest life.
CREATE FUNCTION ctx.rotate_token_key() RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog
AS $$
DECLARE
  name text := 't' || replace(gen_random_uuid()::text, '-', '');
BEGIN
  PERFORM ctx.add_key(name, 'token');
  UPDATE ctx.keys y SET retired_at = clock_timestamp() + interval '2 minutes'
   WHERE y.purpose = 'token' AND y.kid <> name AND y.retired_at IS NULL;
  RETURN name;
END
$$;

-- Registers a slot and answers its secret. Registering again changes the secret and releases what the slot held;
-- a slot never passes to another workload.
CREATE FUNCTION ctx.register_owner(p_owner text, p_workload text, p_kinds text[], p_audiences text[]) RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog
AS $$
DECLARE
  secret text := encode(ctx.random_secret(), 'hex');
  bound text;
BEGIN
  IF NOT EXISTS (SELECT 1 FROM ctx.workloads l WHERE l.workload = p_workload AND p_kinds <@ l.kinds AND p_audiences <@ l.audiences) THEN
    RAISE insufficient_privilege USING MESSAGE = 'this workload may not hold such leases', DETAIL = 'owner.workload';
  END IF;
  IF p_owner !~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$' THEN
    RAISE invalid_parameter_value USING MESSAGE = 'not the name of a slot', DETAIL = 'owner.name';
  END IF;
  -- Slots of one workload are registered one after the other, so that their number holds.
  PERFORM 1 FROM ctx.workloads l WHERE l.workload = p_workload FOR UPDATE;
  SELECT o.workload INTO bound FROM ctx.owners o WHERE o.owner = p_owner FOR UPDATE;
  IF bound <> p_workload THEN
    RAISE insufficient_privilege USING MESSAGE = 'the slot belongs to another workload', DETAIL = 'owner.taken';
  END IF;
  -- Where a slot is named after its pod, those of pods that are gone would fill the number: a slot that has claimed
  -- nothing for a day makes room for a new one.
  IF bound IS NULL AND (SELECT count(*) FROM ctx.owners o WHERE o.workload = p_workload) >= 256 THEN
    DELETE FROM ctx.owners o
     WHERE o.workload = p_workload AND o.registered_at < clock_timestamp() - interval '1 day'
       AND NOT EXISTS (SELECT 1 FROM ctx.lease_audit a WHERE a.owner = o.owner AND a.taken_at > clock_timestamp() - interval '1 day')
       AND NOT EXISTS (SELECT 1 FROM ef.work w WHERE w.lease_owner = o.owner AND w.lease_until > clock_timestamp())
       AND NOT EXISTS (SELECT 1 FROM ef.outbox b WHERE b.lease_owner = o.owner AND b.lease_until > clock_timestamp());
  END IF;
  IF bound IS NULL AND (SELECT count(*) FROM ctx.owners o WHERE o.workload = p_workload) >= 256 THEN
    RAISE insufficient_resources USING MESSAGE = 'this workload has as many slots as it may', DETAIL = 'owner.slots';
  END IF;
  INSERT INTO ctx.owners AS o (owner, workload, secret_hash, kinds, audiences)
  VALUES (p_owner, p_workload, sha256(convert_to(secret, 'UTF8')), p_kinds, p_audiences)
  ON CONFLICT (owner) DO UPDATE SET secret_hash = excluded.secret_hash, kinds = excluded.kinds,
    audiences = excluded.audiences, registered_at = clock_timestamp();
  INSERT INTO ctx.owner_rooms (owner, part) SELECT p_owner, g FROM generate_series(0, 7) g
  ON CONFLICT (owner, part) DO NOTHING;
  UPDATE ef.work w SET lease_owner = NULL, lease_until = NULL WHERE w.lease_owner || '' = p_owner;
  UPDATE ef.outbox b SET lease_owner = NULL, lease_until = NULL WHERE b.lease_owner || '' = p_owner;
  RETURN secret;
END
$$;

-- True the first time, false after that: a delegation is exchanged once.
CREATE FUNCTION ctx.use_delegation(p_id uuid, p_expires_at timestamptz) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog
AS $$
BEGIN
  DELETE FROM ctx.used_delegations d WHERE d.expires_at < clock_timestamp() - interval '1 minute';
  INSERT INTO ctx.used_delegations (id, expires_at) VALUES (p_id, p_expires_at) ON CONFLICT (id) DO NOTHING;
  RETURN FOUND;
END
$$;

-- A new tenant with its first key and its first user; a schema placement brings its tables.
CREATE FUNCTION ctx.create_tenant(p_tenant uuid, p_name text, p_limits json, p_placement text,
  p_key_id uuid, p_key_hash bytea, p_scopes text[], p_user_id uuid, p_email text, p_password_hash text) RETURNS timestamptz
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog
AS $$
DECLARE
  place text := CASE p_placement WHEN 'shared' THEN 'ef' ELSE 'tenant_' || replace(p_tenant::text, '-', '') END;
  made timestamptz := date_trunc('milliseconds', clock_timestamp());
BEGIN
  INSERT INTO ef.tenants (tenant_id, name, limits, created_at) VALUES (p_tenant, p_name, p_limits, made);
  INSERT INTO ctx.placements (tenant_id, kind, schema_name) VALUES (p_tenant, p_placement, place);
  INSERT INTO ef.api_keys (tenant_id, id, hash, scopes) VALUES (p_tenant, p_key_id, p_key_hash, p_scopes);
  INSERT INTO ef.users (tenant_id, id, email, password_hash) VALUES (p_tenant, p_user_id, p_email, p_password_hash);
  IF p_placement = 'schema' THEN
    PERFORM ef.create_placement(place);
  END IF;
  RETURN made;
END
$$;

-- By id, so oldest first; `p_after` is the last id of the page before.
CREATE FUNCTION ctx.list_tenants(p_after uuid, p_limit integer)
RETURNS TABLE (tenant_id uuid, name text, placement text, status text, created_at timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog
AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
    SELECT t.tenant_id, t.name, p.kind, t.status, t.created_at
      FROM ef.tenants t JOIN ctx.placements p ON p.tenant_id = t.tenant_id
     WHERE p_after IS NULL OR t.tenant_id > p_after
     ORDER BY t.tenant_id LIMIT least(p_limit, 1000);
END
$$;

-- Answers whether there is such a tenant. Contexts and claims of a suspended tenant are refused from the commit on.
CREATE FUNCTION ctx.suspend_tenant(p_tenant uuid, p_suspended boolean) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog
AS $$
BEGIN
  UPDATE ef.tenants t SET status = CASE WHEN p_suspended THEN 'suspended' ELSE 'active' END WHERE t.tenant_id = p_tenant;
  UPDATE ctx.placements p SET state = CASE WHEN p_suspended THEN 'suspended' ELSE 'active' END
   WHERE p.tenant_id = p_tenant AND p.state <> 'moving';
  RETURN FOUND;
END
$$;

-- Ends an API key. Cached tokens of it live at most 60 s more.
CREATE FUNCTION ctx.revoke_key(p_tenant uuid, p_key uuid) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog
AS $$
BEGIN
  UPDATE ef.api_keys k SET revoked_at = clock_timestamp() WHERE k.tenant_id = p_tenant AND k.id = p_key AND k.revoked_at IS NULL;
  RETURN FOUND;
END
$$;

GRANT EXECUTE ON FUNCTION ctx.resolve_key(bytea), ctx.resolve_login(text), ctx.user_exists(uuid, uuid), ctx.mint(uuid, text[], text, integer),
  ctx.rotate_token_key(), ctx.register_owner(text, text, text[], text[]), ctx.use_delegation(uuid, timestamptz),
  ctx.create_tenant(uuid, text, json, text, uuid, bytea, text[], uuid, text, text), ctx.list_tenants(uuid, integer),
  ctx.suspend_tenant(uuid, boolean), ctx.revoke_key(uuid, uuid) TO ef_issuer;

RESET ROLE;
