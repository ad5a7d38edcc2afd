import type { Role } from '@easyflow/platform-database';
import type { TestDatabase } from '../test-database';

/** A function that a role may call, as the catalogue has it. */
export interface Callable {
  name: string;
  role: Role;
  /** Types of its parameters, in order. */
  types: string[];
}

/** Every function of `ctx` that each of the roles may call. */
export async function callables(
  database: TestDatabase,
  roles: readonly Role[],
): Promise<Callable[]> {
  return database.superuser<Callable & Record<string, unknown>>(
    `SELECT p.proname AS name, r AS role,
            ARRAY(SELECT format_type(t, NULL) FROM unnest(p.proargtypes) WITH ORDINALITY u (t, n) ORDER BY n) AS types
       FROM pg_proc p CROSS JOIN unnest($1::text[]) r
      WHERE p.pronamespace = 'ctx'::regnamespace AND has_function_privilege(r, p.oid, 'EXECUTE')
      ORDER BY 1, 2`,
    [roles],
  );
}

/** What the generators choose from, beside what is absurd by itself. */
export interface Known {
  uuids: readonly string[];
  texts: readonly string[];
}

const NUMBERS = ['NULL', '-2147483648', '-1', '0', '1', '2', '500', '501', '5000', '2147483647'];
const TIMES = [
  'NULL',
  'infinity',
  '-infinity',
  'now',
  '4713-01-01 BC',
  '294276-12-31',
  '2000-01-01',
  'tomorrow',
];
const TEXTS = [
  'NULL',
  '',
  ' ',
  '.',
  '~',
  '{}',
  '%',
  "'; SELECT 1; --",
  '../../ctx',
  'ef.context',
  'execution',
  'rollup',
  'sweep',
  'outbox',
  'executor',
  'ef_writer',
  'ef_worker',
  'shared',
  'schema',
  'ef',
  'execution_signals',
  'execution_values',
  'idempotency_keys',
  'requests',
  'usage_hourly',
  'ÿ漢\u{1f600}',
  'x'.repeat(100_000),
];

/** Texts that Postgres may read as a value of the type; `NULL` is the NULL. */
export function scalars(type: string, known: Known): readonly string[] {
  switch (type) {
    case 'uuid':
      return ['NULL', '00000000-0000-0000-0000-000000000000', ...known.uuids];
    case 'integer':
    case 'smallint':
      return type === 'smallint' ? NUMBERS.filter((text) => text.length < 5) : NUMBERS;
    case 'bigint':
      return [...NUMBERS, '-9223372036854775808', '9223372036854775807'];
    case 'boolean':
      return ['NULL', 'true', 'false'];
    case 'timestamp with time zone':
      return TIMES;
    case 'tid':
      // Where the rows of canaries are.
      return ['NULL', '(4294967295,65535)', ...Array.from({ length: 12 }, (_, n) => `(0,${n})`)];
    case 'interval':
      return ['NULL', '0', '-1 day', '1 minute', '24 hours', '178000000 years'];
    case 'json':
      return ['NULL', '{}', '[]', '1', '{"requestsPerSecond":-1}'];
    case 'bytea':
      return ['NULL', '\\x', '\\x00', `\\x${'00'.repeat(32)}`, `\\x${'ff'.repeat(5_000)}`];
    case 'text':
      return [...TEXTS, ...known.texts];
    default:
      throw new Error(`No hostile values of type ${type}: add them`);
  }
}

const quoted = (text: string): string =>
  text === 'NULL' ? text : `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;

export const SHAPES = [
  'flat',
  'nested',
  'rows',
  'from zero',
  'from minus',
  'empty',
  'null',
] as const;

/** A list in one of the shapes, as Postgres writes lists. */
export function listLiteral(items: readonly string[], shape: (typeof SHAPES)[number]): string {
  const list = items.map(quoted);
  const last = items.length - 1;
  switch (shape) {
    case 'null':
      return 'NULL';
    case 'empty':
      return '{}';
    case 'nested':
      return `{{${list.join(',')}}}`;
    case 'rows':
      return `{${list.map((item) => `{${item}}`).join(',')}}`;
    case 'from zero':
      return `[0:${last}]={${list.join(',')}}`;
    case 'from minus':
      return `[-5:${last - 5}]={${list.join(',')}}`;
    case 'flat':
      return `{${list.join(',')}}`;
  }
}
