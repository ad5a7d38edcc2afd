-- Makes the tables of a schema placement as they are in `ef` now: columns, keys, indexes, storage, policies and grants
-- are read from the catalogue, so that a later migration has one shape to change and new placements follow.
CREATE OR REPLACE FUNCTION ef.create_placement(p_schema text) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan SET row_security = on SET client_min_messages = error
SET debug_print_parse = off SET debug_print_rewritten = off SET debug_print_plan = off
AS $$
DECLARE
  once_a_database CONSTANT text[] := '{tenants,users,api_keys,work,outbox,migrations}';
  item record;
BEGIN
  IF p_schema !~ '^tenant_[0-9a-f]{32}$' THEN
    RAISE invalid_parameter_value USING MESSAGE = 'not the name of a placement';
  END IF;
  EXECUTE format('CREATE SCHEMA %I', p_schema);
  FOR item IN SELECT DISTINCT r.rolname FROM pg_namespace n, aclexplode(n.nspacl) a, pg_roles r
               WHERE n.nspname = 'ef' AND r.oid = a.grantee AND r.rolname NOT IN ('ef_owner', 'ef_issuer', 'ef_claim') LOOP
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', p_schema, item.rolname);
  END LOOP;
  FOR item IN SELECT c.relname FROM pg_class c
               WHERE c.relnamespace = 'ef'::regnamespace AND c.relkind = 'r' AND c.relname <> ALL (once_a_database) ORDER BY c.relname LOOP
    PERFORM ef.place_table(p_schema, item.relname);
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

GRANT EXECUTE ON FUNCTION ef.create_placement(text) TO ctx_owner;
