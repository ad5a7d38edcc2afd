// What a step of a loop costs beside inputs of different sizes: it should be one and the same.
import { createServer } from 'node:http';
import { parseArgs } from 'node:util';
import { cpuOf } from '../road/cpu.mjs';
import { Database } from '../road/database.mjs';
import { Shape, SHAPES } from '../road/shapes.mjs';
import { document, input, LOOPS, STEPS } from './loops.mjs';

const USAGE = `npm run bench -- steps [flags]
  --quick              one round
  --shape NAME         one of: ${Object.keys(SHAPES).join(', ')} (one-process)
  --only LOOP[,LOOP]   of: ${LOOPS.map(({ name }) => name).join(', ')}
  --verbose            what the shape prints`;

const SIZES = [1_000, 64_000, 870_000];
/** Steps before the measurement: the first ones store the input, and Node compiles. */
const FIRST = 10;
/** The goal of the first stage: the largest input against the smallest. */
const GOAL = 2;

function readFlags(flags) {
  const { values } = parseArgs({
    args: flags,
    options: {
      quick: { type: 'boolean', default: false },
      shape: { type: 'string', default: 'one-process' },
      only: { type: 'string' },
      verbose: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const names = values.only?.split(',');
  const unknown = names?.find((name) => !LOOPS.some((loop) => loop.name === name));
  if (unknown !== undefined) throw new Error(`There is no loop "${unknown}"\n${USAGE}`);
  if (!SHAPES[values.shape]) throw new Error(`There is no shape "${values.shape}"\n${USAGE}`);
  return { ...values, loops: LOOPS.filter(({ name }) => names?.includes(name) ?? true) };
}

async function request(info, path, body, headers = {}) {
  const response = await fetch(info.url + path, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${info.apiKey}`,
      'content-type': 'application/json',
      ...headers,
    },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`POST ${path} was answered ${response.status}: ${text}`);
  return JSON.parse(text);
}

/** The service that the loops call. */
async function startTarget() {
  const server = createServer((request, response) => {
    request.resume();
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"ok": true}');
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  server.unref();
  return `http://127.0.0.1:${server.address().port}`;
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** One execution, measured from an early step to its end. */
async function runOnce({ shape, database }, loop, given) {
  const { info } = shape;
  const { id } = await request(info, `/v1/flows/bench/steps-${loop.name}/executions`, {
    input: given,
  });
  const look = async () => {
    const [row] = await database.query(
      `SELECT e.revision, e.status, pg_current_wal_insert_lsn() - '0/0'::pg_lsn AS wal,
              extract(epoch FROM clock_timestamp()) * 1000 AS at, extract(epoch FROM e.ended_at) * 1000 AS ended
         FROM ef.executions e WHERE e.id = $1`,
      [id],
    );
    const { cpu } = await database.counters();
    return { ...row, cpu, node: await cpuOf(shape.nodePids) };
  };
  let first = await look();
  while (first.revision < FIRST && first.ended === null) {
    await pause(2);
    first = await look();
  }
  let last = first;
  const limit = Date.now() + 120_000;
  while (last.ended === null && Date.now() < limit) {
    await pause(20);
    last = await look();
  }
  if (last.status !== 'completed') throw new Error(`${loop.name}: the execution is ${last.status}`);
  const steps = last.revision - first.revision;
  return {
    time: (last.ended - first.at) / steps,
    wal: (last.wal - first.wal) / steps / 1_000,
    node: ((last.node - first.node) * 1_000) / steps,
    postgres: ((last.cpu - first.cpu) * 1_000) / steps,
  };
}

const median = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];

async function measureLoop(running, loop, rounds) {
  await request(running.shape.info, '/v1/flows', document(loop));
  const measured = SIZES.map(() => []);
  for (let round = 0; round <= rounds; round += 1) {
    for (const [index, size] of SIZES.entries()) {
      const found = await runOnce(running, loop, input(size, running.target));
      // The first round warms up.
      if (round > 0) measured[index].push(found);
    }
  }
  return measured.map((runs) =>
    Object.fromEntries(
      ['time', 'wal', 'node', 'postgres'].map((key) => [key, median(runs.map((run) => run[key]))]),
    ),
  );
}

const shown = (value) => value.toFixed(value < 10 ? 2 : 0);

function row({ title }, measured) {
  const cell = (key) => measured.map((one) => shown(one[key])).join(' / ');
  const ratio = (key) => measured.at(-1)[key] / measured[0][key];
  const ratios = ['time', 'wal', 'node'].map(ratio);
  const met = ratios[0] <= GOAL && ratios[1] <= GOAL;
  return `| ${title} | ${cell('time')} | ${cell('wal')} | ${cell('node')} | ${cell('postgres')} | ${ratios.map(shown).join(' / ')} | ${met ? 'yes' : '**no**'} |`;
}

/** @param {string[]} flags see USAGE */
export async function run(flags) {
  const options = readFlags(flags);
  if (options.help) {
    process.stdout.write(`${USAGE}\n`);
    return;
  }
  const shape = await Shape.start(options.shape, {
    log: options.verbose ? (text) => process.stderr.write(text) : undefined,
  });
  const stop = () => shape.stop().finally(() => process.exit(130));
  process.once('SIGINT', stop);
  const lines = [
    `### Steps of a loop of ${STEPS} (${SHAPES[options.shape].title}), inputs of ${SIZES.map((size) => `${size / 1_000} kB`).join(' / ')}`,
    '',
    '| Loop | ms a step | kB of WAL | ms CPU of Node | ms CPU of Postgres | largest / smallest: time / WAL / Node | at most 2 |',
    '|---|---|---|---|---|---|---|',
  ];
  try {
    const database = await Database.open(shape.info.databaseUrl);
    const running = { shape, database, target: await startTarget() };
    try {
      for (const loop of options.loops) {
        lines.push(row(loop, await measureLoop(running, loop, options.quick ? 1 : 3)));
        process.stderr.write(`${lines.at(-1)}\n`);
      }
    } finally {
      await database.close();
    }
  } finally {
    process.off('SIGINT', stop);
    await shape.stop();
  }
  process.stdout.write(`${lines.join('\n')}\n`);
}
