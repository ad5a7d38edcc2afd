import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const root = path.join(__dirname, '../../../..');

/** Statements and functions of every service. */
function sources(): string[] {
  return ['apps', 'libs'].flatMap((folder) =>
    readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => /\.statements\.ts$|src\/functions\/\w+\/[\w-]+\.sql$/.test(file))
      .filter((file) => !/(^|\/)(dist|node_modules)\//.test(file))
      .map((file) => path.join(folder, file)),
  );
}

/** A condition on a column that a parameter switches off: `$1 IS NULL OR c.id < $1`. */
const OPTIONAL =
  /(\$\d+(::[\w[\]]+)?|\bp_\w+)\s+IS\s+NULL\s+OR\s+\(?\s*\w+\.?\w*\s*(=|<|>)\s*(\$|p_)|\w+\s*(=|<|>)\s*(\$\d+|p_\w+)(::[\w[\]]+)?\s+OR\s+(\$\d+|p_\w+)(::[\w[\]]+)?\s+IS\s+NULL/i;

describe('statements', () => {
  it.each([
    '$2::uuid IS NULL OR id < $2',
    'p_after IS NULL OR t.id > p_after',
    'id = $1 OR $1 IS NULL',
  ])('would be found out by %s', (condition) => expect(OPTIONAL.test(condition)).toBe(true));

  it('have no condition that a parameter switches off: a generic plan reads all that it might', () => {
    const files = sources();
    expect(files.length).toBeGreaterThan(50);
    const found = files.filter((file) =>
      OPTIONAL.test(readFileSync(path.join(root, file), 'utf8')),
    );
    expect(found).toEqual([]);
  });
});
