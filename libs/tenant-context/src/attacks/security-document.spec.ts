import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const root = path.join(__dirname, '../../../..');
const text = readFileSync(path.join(root, 'docs/security.md'), 'utf8');

function files(folder: string): string[] {
  return readdirSync(path.join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => path.join(entry.parentPath, entry.name))
    .filter((file) => !/node_modules|\/dist\//.test(file) && file !== __filename);
}

/** What the last column of the threat model says of each threat. */
const shown = [...text.matchAll(/^\| (?:\d|all) .*\| ([^|]+) \|$/gm)].map(([, cell]) => cell ?? '');

describe('docs/security.md', () => {
  it('shows every threat by something', () => {
    expect(shown.length).toBeGreaterThan(18);
    for (const cell of shown) expect(cell.trim()).not.toBe('');
  });

  it('names only attacks and specs that exist', () => {
    const all = files('libs').concat(files('apps'));
    const names = new Set(all.map((file) => path.basename(file)));
    const source = all
      .filter((file) => /isolation|attacks/.test(file))
      .map((file) => readFileSync(file, 'utf8'))
      .join('\n');
    const missing = shown
      .flatMap((cell) => [...cell.matchAll(/`([\w.*-]+)`/g)].map(([, name]) => name ?? ''))
      .filter((name) =>
        name.endsWith('.ts') ? !names.has(name) : !source.includes(name.replace(/\*$/, '')),
      );
    expect(missing).toEqual([]);
  });

  it('links to pages that exist', () => {
    for (const [, link = ''] of text.matchAll(/\]\(([\w/.-]+\.md)\)/g)) {
      expect(() => readFileSync(path.join(root, 'docs', link))).not.toThrow();
    }
  });
});
