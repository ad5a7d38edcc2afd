-- Binds this transaction to the tenants of the tokens. Not SECURITY DEFINER itself: a function with a pinned
-- search_path cannot leave another one behind; all it adds to ctx.admit is two transaction-local settings.
CREATE OR REPLACE FUNCTION ctx.begin(tokens text[]) RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  admitted record;
  ignored integer;
BEGIN
  admitted := ctx.admit(tokens);
  -- One expression for both: each costs its setting up anew in every transaction.
  ignored := pg_catalog.num_nulls(pg_catalog.set_config('ef.context', admitted.context, true),
                                  pg_catalog.set_config('search_path', admitted.path, true));
END
$$;

GRANT EXECUTE ON FUNCTION ctx.begin(text[]) TO ef_api, ef_registry, ef_worker, ef_writer, ef_scheduler, ef_analytics;
