import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { METRICS } from './goals.mjs';
import { SHAPES } from './shapes.mjs';

const folder = path.join(import.meta.dirname, '../results');

export function median(values) {
  const sorted = values.filter((value) => Number.isFinite(value)).sort((a, b) => a - b);
  if (sorted.length === 0) return undefined;
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** The metrics of a shape that were measured: medians over the rounds of each round's own ratio. */
export function summarise(name, rounds) {
  return METRICS.flatMap((metric) => {
    const ratio = median(rounds.map((round) => metric.ratio(round)));
    if (ratio === undefined) return [];
    const goal = metric.goal[name];
    return [
      {
        name: metric.name,
        unit: metric.unit,
        ratio,
        value: median(rounds.map((round) => metric.value(round))),
        of: metric.of,
        goal: goal && `${goal.sign} ${goal.bound}`,
        met: goal?.met(ratio),
      },
    ];
  });
}

function digits(value) {
  if (value === undefined) return '';
  if (Math.abs(value) >= 100) return String(Math.round(value));
  return value.toPrecision(3);
}

function table(name, rounds, summary) {
  const minimum = median(rounds.map((round) => round.minimum.perSecond));
  const lines = [
    `### ${SHAPES[name].title}`,
    '',
    `A = ${digits(minimum)} pairs a second; ${rounds.length === 1 ? 'one round' : `medians of ${rounds.length} rounds`}.`,
    '',
    '| Metric | Measured | First-stage goal | | Absolute, on this machine today |',
    '|---|---|---|---|---|',
  ];
  for (const { name: metric, unit, ratio, value, of, goal, met } of summary) {
    const verdict = met === undefined ? '' : met ? 'met' : '**not met**';
    lines.push(
      `| ${metric} | ${digits(ratio)} ${unit} | ${goal ?? ''} | ${verdict} | ${digits(value)}${of} |`,
    );
  }
  return lines.join('\n');
}

/** Markdown of everything measured. `load`: the machine's load average before each shape began. */
export function markdown({ at, machine, shapes }) {
  const parts = [
    `## The road of an execution`,
    '',
    `${at}, ${machine.cpus} × ${machine.model}, Node ${machine.node}. A is \`pgbench\` doing the minimum durable work of an`,
    'execution, one INSERT and one UPDATE transaction, 32 clients, on the server of the shape. Ratios compare within a',
    'round; absolute figures compare with nothing.',
    '',
  ];
  for (const { name, loadBefore, rounds, summary } of shapes) {
    parts.push(table(name, rounds, summary), '');
    if (loadBefore > 0.5) {
      parts.push(
        `The machine was busy when this began (load average ${loadBefore.toFixed(2)}): repeat it.`,
        '',
      );
    }
  }
  return parts.join('\n');
}

/** Writes both files and answers their names. */
export async function writeResults(report) {
  await mkdir(folder, { recursive: true });
  const name = path.join(folder, `road-${report.at.replaceAll(':', '').replace(/\.\d+Z$/, 'Z')}`);
  await writeFile(`${name}.json`, `${JSON.stringify(report, undefined, 2)}\n`);
  await writeFile(`${name}.md`, markdown(report));
  return [`${name}.json`, `${name}.md`];
}
