// Row-level security and the signed context off, in this database only: what isolation costs is the difference.

/** As ctx.admit, without verifying anything: the members are read from the tokens' text. */
const UNVERIFIED_ADMIT = `
CREATE OR REPLACE FUNCTION ctx.admit(tokens text[], OUT context text, OUT path text)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog
AS $$
BEGIN
  context := (SELECT string_agg(split_part(t, '.', 2), ',') FROM unnest(tokens) t);
  path := 'ef';
END
$$`;
const UNVERIFIED_TENANTS = `
CREATE OR REPLACE FUNCTION ctx.tenants_in(place text) RETURNS uuid[]
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER SET search_path = pg_catalog
AS $$
BEGIN
  RETURN ('{' || current_setting('ef.context') || '}')::uuid[];
END
$$`;

const DEADLOCK = '40P01';
const ATTEMPTS = 10;

export class Isolation {
  #database;
  #definitions;
  #tables;

  static async of(database) {
    const definitions = await database.query(
      `SELECT pg_get_functiondef(p.oid) AS definition FROM pg_proc p
        WHERE p.oid IN ('ctx.admit(text[])'::regprocedure, 'ctx.tenants_in(text)'::regprocedure)`,
    );
    const tables = await database.query(
      `SELECT format('%I.%I', n.nspname, c.relname) AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = 'ef' AND c.relrowsecurity`,
    );
    return new Isolation(
      database,
      definitions.map((row) => row.definition),
      tables.map((row) => row.name),
    );
  }

  constructor(database, definitions, tables) {
    this.#database = database;
    this.#definitions = definitions;
    this.#tables = tables;
  }

  async off() {
    await this.#apply('DISABLE', 'NO FORCE', [UNVERIFIED_ADMIT, UNVERIFIED_TENANTS]);
  }

  async on() {
    await this.#apply('ENABLE', 'FORCE', this.#definitions);
  }

  async #apply(enabled, forced, functions) {
    const tables = this.#tables.map(
      (name) => `ALTER TABLE ${name} ${enabled} ROW LEVEL SECURITY, ${forced} ROW LEVEL SECURITY`,
    );
    const text = `BEGIN; ${[...tables, ...functions].join('; ')}; COMMIT`;
    // What goes on beside it, such as a count of usage, locks the tables in another order.
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#database.query(text);
      } catch (error) {
        await this.#database.query('ROLLBACK');
        if (error.code !== DEADLOCK || attempt === ATTEMPTS) throw error;
      }
    }
  }
}
