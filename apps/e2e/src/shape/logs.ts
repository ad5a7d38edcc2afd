import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';

const LINES = 12;

/** The last warnings and errors of a shape's processes, or `all` that they said last: tells why a test failed. */
export async function shapeLogs(folder: string, which: 'troubles' | 'all'): Promise<string> {
  const files = await readdir(folder, { recursive: true });
  const logs = files.filter((file) => file.endsWith('.log') && !file.includes('pgdata'));
  const parts = await Promise.all(
    logs.map((file) => tail(path.join(folder, file), which === 'all')),
  );
  return parts.filter((part) => part !== '').join('\n');
}

async function tail(file: string, all: boolean): Promise<string> {
  const lines = (await readFile(file, 'utf8')).split('\n').filter((line) => line !== '');
  const bad = lines.filter((line) =>
    /"level":"?(?:[456]0|warn|error|fatal)|ERROR|FATAL|WARN|has ended/.test(line),
  );
  const shown = [...new Set([...bad.slice(-LINES), ...(all ? lines.slice(-LINES) : [])])].map(
    (line) => (line.length > 600 ? `${line.slice(0, 600)}…` : line),
  );
  return shown.length === 0 ? '' : `--- ${path.basename(file)}\n${shown.join('\n')}`;
}
