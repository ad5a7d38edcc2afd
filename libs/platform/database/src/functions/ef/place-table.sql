-- Makes one table of a schema placement as it is in `ef` now, with its policies and grants. The policies name the schema.
CREATE OR REPLACE FUNCTION ef.place_table(p_schema text, p_table name) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  t record;
  item record;
BEGIN
  SELECT c.oid, c.reloptions INTO STRICT t FROM pg_class c
   WHERE c.relnamespace = 'ef'::regnamespace AND c.relkind = 'r' AND c.relname = p_table;
  EXECUTE format('CREATE TABLE %I.%I (LIKE ef.%I INCLUDING ALL)', p_schema, p_table, p_table);
  EXECUTE format('ALTER TABLE %I.%I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', p_schema, p_table);
  IF t.reloptions IS NOT NULL THEN
    EXECUTE format('ALTER TABLE %I.%I SET (%s)', p_schema, p_table, array_to_string(t.reloptions, ', '));
  END IF;
  FOR item IN SELECT p.polname, p.polpermissive, p.polcmd, p.polroles,
                     replace(pg_get_expr(p.polqual, p.polrelid), '(''ef''::text)', format('(%L)', p_schema)) AS qual,
                     replace(pg_get_expr(p.polwithcheck, p.polrelid), '(''ef''::text)', format('(%L)', p_schema)) AS check_expr
                FROM pg_policy p WHERE p.polrelid = t.oid LOOP
    EXECUTE format('CREATE POLICY %I ON %I.%I AS %s FOR %s TO %s%s%s', item.polname, p_schema, p_table,
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
    EXECUTE format('GRANT %s%s ON %I.%I TO %I', item.privilege_type, coalesce(' (' || quote_ident(item.attname) || ')', ''), p_schema, p_table, item.rolname);
  END LOOP;
  FOR item IN SELECT pg_get_triggerdef(g.oid) AS definition FROM pg_trigger g WHERE g.tgrelid = t.oid AND NOT g.tgisinternal LOOP
    EXECUTE replace(item.definition, ' ON ef.', format(' ON %I.', p_schema));
  END LOOP;
END
$$;
