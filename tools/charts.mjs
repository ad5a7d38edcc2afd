// Checks charts/easyflow: `npm run charts`. With --write it only renews the table of values in the chart's README.
//   1. the README's table is what values.yaml says
//   2. helm lint --strict and helm template with every ci/*-values.yaml
//   3. the properties asserted in tools/charts/*.spec.ts
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { parse } from 'yaml';

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..');
const chart = path.join(root, 'charts', 'easyflow');
const readme = path.join(chart, 'README.md');

/** Every value that has a `# -- comment` above it, by its dotted path, in the order of the file. */
function documentedValues(text) {
  const values = parse(text, { merge: true });
  const rows = [];
  const parents = [];
  let comment;
  for (const line of text.split('\n')) {
    const said = /^ *# -- (.*)$/.exec(line);
    const key = /^( *)([\w-]+):/.exec(line);
    if (said) comment = said[1];
    else if (key) {
      parents.length = key[1].length / 2;
      parents.push(key[2]);
      if (comment) rows.push({ path: [...parents], comment });
      comment = undefined;
    }
  }
  const valueAt = (keys) => keys.reduce((value, key) => value[key], values);
  const covered = (keys) => rows.some((row) => row.path.every((key, index) => key === keys[index]));
  const walk = (value, keys) => {
    const nested = value !== null && typeof value === 'object' && !Array.isArray(value);
    if (covered(keys)) return;
    if (!nested) throw new Error(`values.yaml says nothing about ${keys.join('.')}`);
    for (const [key, inner] of Object.entries(value)) walk(inner, [...keys, key]);
  };
  walk(values, []);
  return rows.map((row) => ({ ...row, value: valueAt(row.path) }));
}

function table(rows) {
  const cell = (text) => text.replaceAll('|', '\\|');
  const shown = (value) => {
    const text = JSON.stringify(value);
    return text.length <= 60 ? `\`${text}\`` : 'see `values.yaml`';
  };
  return [
    '| Value | Default | Meaning |',
    '| --- | --- | --- |',
    ...rows.map(
      (row) => `| \`${row.path.join('.')}\` | ${cell(shown(row.value))} | ${cell(row.comment)} |`,
    ),
  ].join('\n');
}

async function renewedReadme() {
  const text = readFileSync(readme, 'utf8');
  const rows = documentedValues(readFileSync(path.join(chart, 'values.yaml'), 'utf8'));
  const [before, , after] = text.split(/<!-- \/?values -->/);
  if (after === undefined) throw new Error(`${readme} has no <!-- values --> … <!-- /values -->`);
  const renewed = `${before}<!-- values -->\n\n${table(rows)}\n\n<!-- /values -->${after}`;
  return format(renewed, { ...(await resolveConfig(readme)), parser: 'markdown' });
}

function run(command, args, options = {}) {
  const result = spawnSync(command, args, { cwd: root, encoding: 'utf8', ...options });
  if (result.error) throw result.error;
  if (result.status !== 0)
    throw new Error(
      `${path.basename(command)} ${args.join(' ')}\n${result.stdout ?? ''}${result.stderr ?? ''}`,
    );
  return result.stdout;
}

function lintAndRender() {
  const helm = run(process.execPath, ['tools/helm.mjs', '--path', 'helm']).trim();
  const scenarios = readdirSync(path.join(chart, 'ci')).filter((file) =>
    file.endsWith('-values.yaml'),
  );
  for (const scenario of scenarios) {
    const values = ['--values', path.join('charts', 'easyflow', 'ci', scenario)];
    run(helm, ['lint', '--strict', 'charts/easyflow', ...values]);
    const rendered = run(helm, ['template', 'flow', 'charts/easyflow', ...values]);
    const count = rendered.split(/^---$/m).filter((part) => /^kind:/m.test(part)).length;
    process.stdout.write(`${scenario}: lint and ${count} objects\n`);
  }
}

function checkProperties() {
  const jest = path.join('node_modules', 'jest', 'bin', 'jest.js');
  run(process.execPath, [jest, '--selectProjects', 'unit', '--testPathPatterns', 'tools/charts/'], {
    stdio: 'inherit',
    env: { ...process.env, NODE_OPTIONS: '--experimental-vm-modules' },
  });
}

const renewed = await renewedReadme();
if (process.argv.includes('--write')) writeFileSync(readme, renewed);
else {
  if (renewed !== readFileSync(readme, 'utf8'))
    throw new Error(
      'charts/easyflow/README.md is not what values.yaml says: node tools/charts.mjs --write',
    );
  lintAndRender();
  checkProperties();
}
