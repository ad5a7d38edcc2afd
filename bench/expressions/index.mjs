// Speed and size of libs/expressions beside the other jqs for JavaScript.
import { build } from 'esbuild';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { cases } from './cases.mjs';

const require = createRequire(import.meta.url);
const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '../..');

/** Runs so long at least, in milliseconds, for each figure; the median of three counts. */
const window = 150;

function rate(run) {
  for (let i = 0; i < 3; i += 1) run();
  const rates = [];
  for (let round = 0; round < 3; round += 1) {
    const start = performance.now();
    let times = 0;
    let now = start;
    do {
      run();
      times += 1;
      now = performance.now();
    } while (now - start < window);
    rates.push((times / (now - start)) * 1000);
  }
  return rates.sort((a, b) => a - b)[1];
}

/** Fast expressions are run a hundred times between looks at the clock. */
function fastRate(run) {
  const many = () => {
    for (let i = 0; i < 100; i += 1) run();
  };
  return rate(run) < 20_000 ? rate(run) : rate(many) * 100;
}

const geometricMean = (list) =>
  Math.exp(list.reduce((sum, value) => sum + Math.log(value), 0) / list.length);

/** Leaves out what the pattern matches, as if it were loaded when it is first needed. */
const without = (filter) => ({
  name: 'without',
  setup: ({ onResolve }) =>
    onResolve({ filter }, ({ path: found }) => ({ path: found, external: true })),
});

async function gzipSize(plugins) {
  const result = await build({
    entryPoints: [path.join(root, 'libs/expressions/src/index.ts')],
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2024',
    write: false,
    plugins,
    logLevel: 'silent',
  });
  return gzipSync(result.outputFiles[0].contents, { level: 9 }).length;
}

const whole = (value) => Math.round(value).toLocaleString('en');

export async function run() {
  const { compileExpression } = require(path.join(root, 'libs/expressions/dist/index.js'));
  const jqjs = await import('@michaelhomer/jqjs');
  const jqWeb = await require('jq-web');
  const rows = [];
  for (const { name, program, input } of cases) {
    const expression = compileExpression(program);
    const theirs = jqjs.compile(program);
    const wanted = JSON.stringify(jqWeb.json(input, program));
    const got = JSON.stringify(expression.evaluate(input)[0]);
    if (got !== wanted) throw new Error(`${name}: ${got} is not ${wanted}`);
    rows.push({
      name,
      ours: fastRate(() => expression.evaluate(input)),
      jqjs: fastRate(() => [...theirs(input)]),
      jqWeb: rate(() => jqWeb.json(input, program)),
      compile: fastRate(() => compileExpression(program)),
      jqjsCompile: fastRate(() => jqjs.compile(program)),
    });
  }
  const report = {
    cases: rows,
    timesJqjs: geometricMean(rows.map((row) => row.ours / row.jqjs)),
    leastTimesJqjs: Math.min(...rows.map((row) => row.ours / row.jqjs)),
    timesJqWeb: geometricMean(rows.map((row) => row.ours / row.jqWeb)),
    gzipBytes: await gzipSize([]),
    gzipBytesWithoutParser: await gzipSize([without(/^oniguruma-parser/)]),
    gzipBytesWithoutRegex: await gzipSize([without(/\/regex\//)]),
  };
  const line = (...cells) =>
    process.stdout.write(
      `${cells.map((cell, i) => (i === 0 ? cell.padEnd(22) : cell.padStart(12))).join('')}\n`,
    );
  line(
    'evaluations a second',
    'ours',
    'jqjs',
    'jq-web',
    '× jqjs',
    '× jq-web',
    'compiles/s',
    '× jqjs',
  );
  for (const row of rows) {
    line(
      row.name,
      whole(row.ours),
      whole(row.jqjs),
      whole(row.jqWeb),
      (row.ours / row.jqjs).toFixed(1),
      (row.ours / row.jqWeb).toFixed(0),
      whole(row.compile),
      (row.compile / row.jqjsCompile).toFixed(1),
    );
  }
  process.stdout.write(
    `geometric means: ${report.timesJqjs.toFixed(1)} × jqjs (least ${report.leastTimesJqjs.toFixed(1)}), ` +
      `${report.timesJqWeb.toFixed(0)} × jq-web\n` +
      `gzip: ${report.gzipBytes} bytes, ${report.gzipBytesWithoutParser} without oniguruma-parser, ` +
      `${report.gzipBytesWithoutRegex} without all that is for regular expressions\n`,
  );
  return report;
}
