// `npm run bench -- growth [--quick]`: every read of the gateway at 10,000 and a million rows a tenant, five tenants of
// which one part outgrows the others. Prints what grew most, in buffers and in time; `growth.int.spec.ts` is the same
// with fewer rows and fails where buffers more than double.
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

const root = path.join(import.meta.dirname, '..', '..');
const SHOWN = 30;

export async function run(flags) {
  const [small, large] = flags.includes('--quick') ? [2_000, 100_000] : [10_000, 1_000_000];
  const folder = await mkdtemp(path.join(tmpdir(), 'easyflow-growth-'));
  const report = path.join(folder, 'report');
  try {
    const code = await test({
      EASYFLOW_GROWTH_SMALL: String(small),
      EASYFLOW_GROWTH_LARGE: String(large),
      EASYFLOW_GROWTH_REPORT: report,
    });
    const reads = (await readFile(report, 'utf8')).trim().split('\n').map(readOf);
    reads.sort((a, b) => b.growth - a.growth);
    process.stdout.write(`${small} → ${large} rows a tenant, buffers and time; what grew most:\n`);
    for (const { line } of reads.slice(0, SHOWN)) process.stdout.write(`${line}\n`);
    const slowest = reads.toSorted((a, b) => b.milliseconds - a.milliseconds)[0];
    process.stdout.write(`slowest: ${slowest?.line}\n`);
    if (code !== 0) throw new Error('Some reads grow with their tables');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function readOf(line) {
  const [, few, many, milliseconds] = /: (\d+) → (\d+) .* → ([\d.]+) ms$/.exec(line) ?? [];
  return { line, growth: many / Math.max(1, few), milliseconds: Number(milliseconds) };
}

function test(environment) {
  return new Promise((resolve, reject) => {
    const child = spawn('npm', ['test', '--', 'apps/gateway/src/growth'], {
      cwd: root,
      env: { ...process.env, ...environment },
      stdio: ['ignore', process.stderr, process.stderr],
    });
    child.once('error', reject);
    child.once('close', resolve);
  });
}
