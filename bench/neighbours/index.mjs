// What a quiet tenant feels of each thing that a noisy one can do.
import path from 'node:path';
import { parseArgs } from 'node:util';
import { Shape, SHAPES } from '../road/shapes.mjs';
import { DEEDS } from '../../apps/e2e/neighbours/deeds/index.mjs';
import { Neighbours } from '../../apps/e2e/neighbours/measure.mjs';

const USAGE = `npm run bench -- neighbours [flags]
  --quick              small deeds, short measurements
  --shape NAME         only one of: ${Object.keys(SHAPES).join(', ')}
  --only DEED[,DEED]   of: ${DEEDS.map(({ name }) => name).join(', ')}
  --profile FOLDER     CPU profiles of the one process, written there when it stops
  --verbose            what the shapes print`;

function readFlags(flags) {
  const { values } = parseArgs({
    args: flags,
    options: {
      quick: { type: 'boolean', default: false },
      shape: { type: 'string' },
      only: { type: 'string' },
      profile: { type: 'string' },
      verbose: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const names = values.only?.split(',');
  const unknown = names?.find((name) => !DEEDS.some((deed) => deed.name === name));
  if (unknown !== undefined) throw new Error(`There is no deed "${unknown}"\n${USAGE}`);
  if (values.shape !== undefined && !SHAPES[values.shape]) {
    throw new Error(`There is no shape "${values.shape}"\n${USAGE}`);
  }
  return {
    ...values,
    deeds: DEEDS.filter(({ name }) => names?.includes(name) ?? true),
    shapes: values.shape === undefined ? Object.keys(SHAPES) : [values.shape],
  };
}

const ms = (value) => (Number.isFinite(value) ? value.toFixed(value < 10 ? 1 : 0) : '∞');

function row({ title, before, beside, recovered }) {
  const ratio = beside.p99 / before.p99;
  const met = ratio <= 3 && beside.p99 < 300 && beside.failed === 0 && recovered <= 5;
  const failures = beside.failed === 0 ? '0' : `${beside.failed} (${beside.failures.join(', ')})`;
  return `| ${title} | ${ms(before.p50)} / ${ms(before.p99)} | ${ms(beside.p50)} / ${ms(beside.p99)} | ${ratio.toFixed(1)} | ${failures} | ${ms(recovered)} s | ${met ? 'yes' : '**no**'} |`;
}

async function measureShape(name, options) {
  const shape = await Shape.start(name, {
    nodeOptions: options.profile
      ? ['--cpu-prof', `--cpu-prof-dir=${path.resolve(options.profile)}`]
      : [],
    log: options.verbose ? (text) => process.stderr.write(text) : undefined,
  });
  const stop = () => shape.stop().finally(() => process.exit(130));
  process.once('SIGINT', stop);
  const lines = [
    `### ${SHAPES[name].title}`,
    '',
    'p50 / p99 in ms of a quiet tenant (starts that wait, and pages).',
    '',
    '| Deed of another | alone | beside it | p99 ratio | failed | well again after | held |',
    '|---|---|---|---|---|---|---|',
  ];
  try {
    const neighbours = await Neighbours.open(shape.info, {
      pace: options.quick ? { rate: 40, seconds: 4 } : { rate: 60, seconds: 12 },
      scale: options.quick ? 'short' : 'long',
    });
    try {
      for (const deed of options.deeds) {
        const measured = await neighbours.measure(deed);
        lines.push(row(measured));
        process.stderr.write(`${lines.at(-1)}\n`);
      }
    } finally {
      neighbours.close();
    }
  } finally {
    process.off('SIGINT', stop);
    await shape.stop();
  }
  return lines.join('\n');
}

/** @param {string[]} flags see USAGE */
export async function run(flags) {
  const options = readFlags(flags);
  if (options.help) {
    process.stdout.write(`${USAGE}\n`);
    return;
  }
  const tables = [];
  for (const name of options.shapes) tables.push(await measureShape(name, options));
  process.stdout.write(`\n${tables.join('\n\n')}\n`);
}
