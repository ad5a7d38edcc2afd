import assert from 'node:assert/strict';
import type { Client } from 'pg';
import type { Role } from '@easyflow/platform-database';
import type { Attack, AttackBench } from './attack-bench';
import { callEverything, type Connect } from './function-calls';

/** What a caller may set so that its session says what it does. */
const LOUD: Readonly<Record<string, string>> = {
  client_min_messages: 'debug5',
  debug_print_parse: 'on',
  debug_print_rewritten: 'on',
  debug_print_plan: 'on',
  debug_pretty_print: 'off',
  log_parameter_max_length_on_error: '-1',
  'plpgsql.print_strict_params': 'on',
};

/** What a caller may set so that a statement means something else, or fails. */
const STRANGE: Readonly<Record<string, string>> = {
  row_security: 'off',
  search_path: 'pg_temp',
  plan_cache_mode: 'force_custom_plan',
  standard_conforming_strings: 'off',
  backslash_quote: 'off',
  quote_all_identifiers: 'on',
  transform_null_equals: 'on',
  array_nulls: 'off',
  bytea_output: 'escape',
  extra_float_digits: '-15',
  DateStyle: 'German',
  IntervalStyle: 'sql_standard',
  TimeZone: 'Pacific/Kiritimati',
  xmloption: 'document',
  enable_indexscan: 'off',
  enable_sort: 'off',
  enable_nestloop: 'off',
  'plpgsql.extra_errors': 'all',
  'plpgsql.extra_warnings': 'all',
  default_transaction_isolation: 'read committed',
};

function connecting(
  bench: AttackBench,
  settings: Readonly<Record<string, string>>,
  notice: (text: string) => void = () => undefined,
): Connect {
  return (role: Role, work) =>
    bench.connected(role, async (client: Client) => {
      client.on('notice', (message) => notice(JSON.stringify(message)));
      for (const [name, value] of Object.entries(settings)) {
        await client.query(`SELECT set_config($1, $2, false)`, [name, value]);
      }
      return work(client);
    });
}

/** The pads of every key as a plan, a text or a dump would show their first bytes. */
async function padTexts(bench: AttackBench): Promise<string[]> {
  const keys = await bench.database.superuser<{ ipad: Buffer; opad: Buffer }>(
    'SELECT ipad, opad FROM ctx.keys',
  );
  assert.ok(keys.length >= 2, 'there are no keys');
  return keys
    .flatMap(({ ipad, opad }) => [ipad, opad])
    .flatMap((pad) => {
      const bytes = pad.subarray(0, 8);
      return [
        [...bytes].map((byte) => (byte > 127 ? byte - 256 : byte)).join(' '),
        [...bytes].join(' '),
        bytes.toString('hex'),
        bytes.toString('base64').slice(0, 10),
      ];
    });
}

/** Everything that all functions say under loud settings, with a plan mode. */
async function said(bench: AttackBench, planCacheMode: string): Promise<string[]> {
  const notices: string[] = [];
  const connect = connecting(bench, { ...LOUD, plan_cache_mode: planCacheMode }, (text) =>
    notices.push(text),
  );
  // Twice in other sessions each: a plan is made when a session runs a statement first.
  await callEverything(bench, connect);
  assert.ok(
    notices.some((text) => text.includes('PLANNEDSTMT')),
    'the control printed no plan',
  );
  return notices;
}

function leaks(notices: readonly string[], pads: readonly string[]): string[] {
  return notices.filter((text) => pads.some((pad) => text.includes(pad)));
}

/** Runs with the functions as they would be without their pins, so that everything inside them is said. */
async function withoutPins<T>(bench: AttackBench, work: () => Promise<T>): Promise<T> {
  const functions = await bench.database.superuser<{ signature: string; definition: string }>(
    `SELECT p.oid::regprocedure::text AS signature, pg_get_functiondef(p.oid) AS definition FROM pg_proc p
      WHERE p.pronamespace = 'ctx'::regnamespace AND p.prosecdef`,
  );
  try {
    for (const { signature } of functions) {
      await bench.database.superuser(`ALTER FUNCTION ${signature} RESET ALL`);
      await bench.database.superuser(
        `ALTER FUNCTION ${signature} SET search_path = pg_catalog, pg_temp`,
      );
    }
    return await work();
  } finally {
    for (const { definition } of functions) await bench.database.superuser(definition);
  }
}

/** A definer function runs in its caller's settings: they neither show nor change what happens inside. */
export const SETTINGS_ATTACKS: readonly Attack[] = [
  {
    // A custom plan folds the parameters of a query into constants, which these settings send to the client and the log.
    name: 'key_in_plan',
    run: async (bench) => {
      const control = `
        CREATE FUNCTION ctx.control() RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER AS $$
        DECLARE pad bytea; BEGIN
          SELECT y.ipad INTO pad FROM ctx.keys y WHERE y.kid = 'context';
          RETURN (SELECT count(*) FROM ctx.keys y WHERE y.ipad = pad);
        END $$; GRANT EXECUTE ON FUNCTION ctx.control() TO ef_api`;
      for (const mode of ['force_custom_plan', 'force_generic_plan']) {
        const pinned = await said(bench, mode);
        const open = await withoutPins(bench, () => said(bench, mode));
        const pads = await padTexts(bench);
        assert.deepEqual(leaks(pinned, pads), [], `${mode}: a key is shown`);
        // And without the pins: what is not in a plan is in no log either, whoever turned it on.
        assert.deepEqual(leaks(open, pads), [], `${mode}: a key is a parameter of a query`);
        assert.ok(open.length > pinned.length, 'the pins hide nothing');
      }
      await bench.database.superuser(control);
      try {
        const notices: string[] = [];
        const loud = { ...LOUD, plan_cache_mode: 'force_custom_plan' };
        await connecting(bench, loud, (text) => notices.push(text))('ef_api', (client) =>
          client.query('SELECT ctx.control()'),
        );
        assert.ok(leaks(notices, await padTexts(bench)).length > 0, 'the control shows no key');
      } finally {
        await bench.database.superuser('DROP FUNCTION ctx.control()');
      }
    },
  },
  {
    name: 'caller_settings',
    run: async (bench) => {
      const tables = await bench.database.superuser<{ oid: string }>(
        `SELECT c.oid::text AS oid FROM pg_class c WHERE c.relkind = 'r' AND c.relnamespace IN ('ctx'::regnamespace, 'ef'::regnamespace)`,
      );
      const notices = await said(bench, 'force_custom_plan');
      for (const { oid } of tables) {
        assert.ok(
          !notices.some((text) => text.includes(`:relid ${oid} `)),
          'a query inside a function is shown to its caller',
        );
      }
      await callEverything(bench, connecting(bench, STRANGE));
      await callEverything(bench, connecting(bench, {}));
    },
  },
];
