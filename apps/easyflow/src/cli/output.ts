import { stringify } from 'yaml';

export const outputFormats = ['table', 'json', 'yaml', 'jsonl'] as const;
export type OutputFormat = (typeof outputFormats)[number];

/** A column of the table form: its heading and the text of a cell. */
export type Columns<T> = Readonly<Record<string, (item: T) => string | undefined>>;

/** Prints a list on standard output in the form asked for. */
export function printList<T>(items: readonly T[], format: OutputFormat, columns: Columns<T>): void {
  if (format === 'json') printJson({ items });
  else if (format === 'yaml') process.stdout.write(stringify({ items }));
  else if (format === 'jsonl')
    for (const item of items) process.stdout.write(`${JSON.stringify(item)}\n`);
  else process.stdout.write(table(items, columns));
}

/** Prints one thing on standard output in the form asked for. */
export function printItem(item: unknown, format: OutputFormat): void {
  if (format === 'json') printJson(item);
  else if (format === 'jsonl') process.stdout.write(`${JSON.stringify(item)}\n`);
  else process.stdout.write(stringify(item));
}

function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}

function table<T>(items: readonly T[], columns: Columns<T>): string {
  const headings = Object.keys(columns);
  const rows = items.map((item) => headings.map((heading) => columns[heading]?.(item) ?? ''));
  const widths = headings.map((heading, index) =>
    Math.max(heading.length, ...rows.map((row) => row[index]?.length ?? 0)),
  );
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, index) => cell.padEnd(widths[index] ?? 0))
      .join('  ')
      .trimEnd() + '\n';
  return [headings, ...rows].map(line).join('');
}
