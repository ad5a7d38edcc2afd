// The road of an execution in both shapes, next to pgbench doing the minimum durable work on the same server.
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import localServers from '@easyflow/platform-local-servers';
import { Measurement, PARTS } from './measure.mjs';
import { markdown, summarise, writeResults } from './report.mjs';
import { Shape, SHAPES } from './shapes.mjs';

const USAGE = `npm run bench -- road [flags]
  --quick              one round of short measurements
  --rounds N           rounds, default 3
  --seconds N          length of one throughput measurement, default 4 (quick: 3)
  --shape NAME         only one of: ${Object.keys(SHAPES).join(', ')}
  --only PART[,PART]   of: ${PARTS.join(', ')}
  --profile FOLDER     CPU profiles of the one process, written there when it stops
  --verbose            what the shapes print`;

function readFlags(flags) {
  const { values } = parseArgs({
    args: flags,
    options: {
      quick: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      shape: { type: 'string' },
      only: { type: 'string' },
      profile: { type: 'string' },
      verbose: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const number = (name, fallback) => {
    const value = Number(values[name] ?? fallback);
    if (!(value > 0)) throw new Error(`--${name} takes a number over 0\n${USAGE}`);
    return value;
  };
  const parts = values.only?.split(',') ?? PARTS;
  const unknown = parts.find((part) => !PARTS.includes(part));
  if (unknown !== undefined) throw new Error(`There is no part "${unknown}"\n${USAGE}`);
  if (values.shape !== undefined && !SHAPES[values.shape]) {
    throw new Error(`There is no shape "${values.shape}"\n${USAGE}`);
  }
  return {
    ...values,
    rounds: number('rounds', values.quick ? 1 : 3),
    seconds: number('seconds', values.quick ? 3 : 4),
    shapes: values.shape === undefined ? Object.keys(SHAPES) : [values.shape],
    parts: new Set(parts),
  };
}

async function measureShape(name, options, log) {
  log(`starting: ${SHAPES[name].title}`);
  const [loadBefore] = os.loadavg();
  const shape = await Shape.start(name, {
    nodeOptions: options.profile
      ? ['--cpu-prof', `--cpu-prof-dir=${path.resolve(options.profile)}`]
      : [],
    log: options.verbose ? (text) => process.stderr.write(text) : undefined,
  });
  const stop = () => shape.stop().finally(() => process.exit(130));
  process.once('SIGINT', stop);
  try {
    const measurement = await Measurement.open(shape, { ...options, log });
    const rounds = [];
    try {
      await measurement.warmUp();
      for (let round = 0; round < options.rounds; round += 1) {
        log(`round ${round + 1} of ${options.rounds}`);
        rounds.push(await measurement.round());
      }
    } finally {
      await measurement.close();
    }
    return { name, loadBefore, rounds, summary: summarise(name, rounds) };
  } finally {
    process.off('SIGINT', stop);
    await shape.stop();
  }
}

/** @param {string[]} flags see USAGE */
export async function run(flags) {
  const options = readFlags(flags);
  if (options.help) {
    process.stdout.write(`${USAGE}\n`);
    return;
  }
  const began = performance.now();
  const log = (line) => {
    const seconds = ((performance.now() - began) / 1000).toFixed(0).padStart(4);
    process.stderr.write(`${seconds} s  ${line}\n`);
  };
  await localServers.ensurePrerequisites({ log });
  const shapes = [];
  for (const name of options.shapes) shapes.push(await measureShape(name, options, log));
  const report = {
    at: new Date().toISOString(),
    machine: {
      cpus: os.cpus().length,
      model: os.cpus()[0]?.model.trim() ?? 'unknown',
      node: process.versions.node,
    },
    shapes,
  };
  process.stdout.write(`\n${markdown(report)}\n`);
  const files = await writeResults(report);
  log(`written: ${files.join(', ')}`);
}
