import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import type { Shape } from '../shape/shape';

/** What the logs of the services hold, whichever replica wrote it. */
export async function serviceLogs(shape: Shape, service = ''): Promise<string> {
  const folder = path.join(shape.dataDir, 'logs');
  const files = (await readdir(folder)).filter((file) => file.startsWith(service));
  const texts = await Promise.all(files.map((file) => readFile(path.join(folder, file), 'utf8')));
  return texts.join('\n');
}

/** The codes with which a service said that it refused records, by `topic/partition/offset`. */
export async function refusals(shape: Shape, service: string): Promise<Map<string, string>> {
  const lines = await linesSaying(shape, service, 'A message was refused');
  return new Map(lines.map((line) => [placeOf(line), line['code'] ?? '']));
}

/** Where the records lay that services could not handle. */
export async function setAside(shape: Shape): Promise<Set<string>> {
  return new Set((await linesSaying(shape, '', 'A record cannot be handled')).map(placeOf));
}

async function linesSaying(
  shape: Shape,
  service: string,
  text: string,
): Promise<Record<string, string>[]> {
  const lines = (await serviceLogs(shape, service)).split('\n');
  return lines
    .filter((line) => line.includes(text))
    .map((line) => JSON.parse(line) as Record<string, string>);
}

function placeOf({ topic, partition, offset }: Record<string, string>): string {
  return `${topic}/${partition}/${offset}`;
}

/**
 * A digest of every row of every table that holds rows of tenants, without leases and when work is due, and without
 * how far usage was counted: the same is counted again by itself, at the end of the hour at the latest.
 */
export async function everything(shape: Shape): Promise<Record<string, string>> {
  const tables = await shape.sql<{ name: string }>(
    `SELECT c.table_name AS name FROM information_schema.columns c
     JOIN pg_class p ON p.relname = c.table_name AND p.relnamespace = 'ef'::regnamespace
     WHERE c.table_schema = 'ef' AND c.column_name = 'tenant_id' AND p.relkind = 'r'
       AND c.table_name <> 'usage_cursors' ORDER BY 1`,
  );
  const digest = (name: string) => {
    const row = name === 'work' ? '(t.tenant_id, t.kind, t.id, t.wake_seq)::text' : 't::text';
    const rows = name === 'work' ? `WHERE t.kind <> 'rollup'` : '';
    return `SELECT '${name}' AS name, coalesce(md5(string_agg(${row}, ',' ORDER BY ${row})), '') AS digest FROM ${name} t ${rows}`;
  };
  const rows = await shape.sql<{ name: string; digest: string }>(
    tables.map(({ name }) => digest(name)).join(' UNION ALL '),
  );
  return Object.fromEntries(rows.map(({ name, digest: text }) => [name, text]));
}
