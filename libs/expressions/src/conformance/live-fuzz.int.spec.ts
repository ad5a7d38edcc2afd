import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { oraclePython } from '../../fuzz/oracle-python.mjs';

// The same programs in every run: new seeds are for people (fuzz/run.mjs), who can look at what they find.
const seed = 7_000_000;
const count = 2_000;

const oracle = oraclePython({ log: (line) => process.stderr.write(`${line}\n`) });

if (oracle.missing !== undefined) {
  const { missing } = oracle;
  if (process.env['CI'] === 'true') {
    it('has the real jq', () => {
      throw new Error(`no Python with the real jq: ${missing}`);
    });
  } else {
    it.skip(`generated programs beside the real jq (${missing})`, () => undefined);
  }
} else {
  const { python } = oracle;

  it(`answers ${count} generated programs as the real jq does`, async () => {
    const script = path.join(__dirname, '../../fuzz/run.mjs');
    const args = [script, '--python', python, '--seed', String(seed), '--count', String(count)];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    expect(stdout).toContain(` ${count} cases, `);
    expect(stdout).toContain(' 0 unexplained differences');
  }, 300_000);
}
