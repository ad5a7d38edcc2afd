// `npm test [-- JEST ARGUMENTS]`: everything, on real servers that it obtains, starts and removes again.
// EASYFLOW_TEST_POSTGRES_URL, EASYFLOW_TEST_KAFKA_BROKERS and EASYFLOW_TEST_REDIS_URL name existing servers instead,
// EASYFLOW_CONFORMANCE_DIR the conformance data. The last line is the sum of all suites.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, readdir, readlink, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { conformanceFolder } from './conformance.mjs';
import { formatSummary, noTests, sumJestResult } from './test-summary.mjs';

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..');
const inContinuousIntegration = process.env.CI === 'true';
const jestArguments = process.argv.slice(2);
const log = (line) => process.stderr.write(`${line}\n`);

// The Node that npm installed: the machine's own may be too old for Jest with ESM packages.
const node = path.join(root, 'node_modules', 'node', 'bin', 'node');
const binaries = path.join(root, 'node_modules', '.bin');
const environment = {
  ...process.env,
  PATH: `${binaries}${path.delimiter}${process.env.PATH ?? ''}`,
  NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ''} --experimental-vm-modules`.trim(),
};

let child;
let interrupted;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
  process.on(signal, () => {
    interrupted = signal;
    child?.kill(signal);
  });

/** Runs a program of Node to its end; `ended` may name a reason to stop waiting for it. */
function run(args, env, ended = () => false) {
  return new Promise((resolve, reject) => {
    child = spawn(node, args, { cwd: root, env, stdio: 'inherit' });
    const watch = setInterval(() => {
      if (ended()) child.kill('SIGKILL');
    }, 1_000);
    child.once('error', reject);
    child.once('close', (code) => {
      clearInterval(watch);
      child = undefined;
      resolve(code ?? 1);
    });
  });
}

/** Starts what the environment does not name. `servers` fills as they start, so that all can be stopped. */
async function startServers(folder, servers) {
  const local = createRequire(import.meta.url)('@easyflow/platform-local-servers');
  const wanted = [
    [
      'EASYFLOW_TEST_POSTGRES_URL',
      () => local.startPostgres({ dataDir: path.join(folder, 'postgres'), log }),
      (server) => server.url,
    ],
    [
      'EASYFLOW_TEST_KAFKA_BROKERS',
      () => local.startKafka({ dataDir: path.join(folder, 'kafka'), log }),
      (server) => server.brokers.join(','),
    ],
    [
      'EASYFLOW_TEST_REDIS_URL',
      () => local.startRedis({ dataDir: path.join(folder, 'redis'), log }),
      (server) => server.url,
    ],
  ].filter(([variable]) => !process.env[variable]);
  await local.ensurePrerequisites({ log });
  const started = await Promise.allSettled(
    wanted.map(async ([variable, start, address]) => {
      const server = await start();
      servers.push(server);
      return [variable, address(server)];
    }),
  );
  const failed = started.filter(({ status }) => status === 'rejected');
  if (failed.length > 0) throw new AggregateError(failed.map(({ reason }) => reason));
  return Object.fromEntries(started.map(({ value }) => value));
}

/** One Jest project; a run that gives no result counts as one failure. */
async function runProject(project, args, env, folder) {
  const outputFile = path.join(folder, `${project}.json`);
  let writtenAt;
  const jest = path.join(root, 'node_modules', 'jest', 'bin', 'jest.js');
  const filters = jestArguments.length > 0 ? ['--passWithNoTests', ...jestArguments] : [];
  const hangs = () => {
    if (!existsSync(outputFile)) return false;
    writtenAt ??= Date.now();
    return Date.now() - writtenAt > 60_000;
  };
  const code = await run(
    [
      jest,
      '--ci',
      '--selectProjects',
      project,
      '--json',
      `--outputFile=${outputFile}`,
      // For what hangs, not for what is slow: Jest's own 5 s are less than waitFor waits, and than a busy machine takes.
      '--testTimeout=60000',
      ...args,
      ...filters,
    ],
    env,
    hangs,
  );
  const text = await readFile(outputFile, 'utf8').catch((error) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  const skippedFails = inContinuousIntegration && project === 'real';
  const sum = text === undefined ? noTests : sumJestResult(JSON.parse(text), { skippedFails, log });
  if (code === 0 || sum.failed > 0 || interrupted) return sum;
  log(
    writtenAt && hangs()
      ? `The ${project} tests ended, but something they left open kept Jest from ending.`
      : `Jest failed (exit ${code}) without a failed test in project ${project}.`,
  );
  return { ...sum, failed: sum.failed + 1 };
}

/**
 * Ends what tests started and left, which they cannot do themselves when they are interrupted. On Linux, by the working
 * directory: everything that is started here has its folder below that of the run. Gives how many there were.
 */
async function endLeftovers(folder) {
  if (process.platform !== 'linux') return 0;
  let count = 0;
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const cwd = await readlink(`/proc/${entry}/cwd`).catch(() => '');
    if (!cwd.startsWith(`${folder}/`)) continue;
    count += 1;
    const name = await readFile(`/proc/${entry}/comm`, 'utf8').catch(() => 'gone');
    if (!interrupted) log(`A test left a process running: ${name.trim()} in ${cwd}`);
    try {
      process.kill(Number(entry), 'SIGKILL');
    } catch (error) {
      if (error.code !== 'ESRCH') throw error;
    }
  }
  return count;
}

const folder = await mkdtemp(path.join(tmpdir(), 'easyflow-test-'));
await chmod(folder, 0o700);
const servers = [];
let total = noTests;
const add = (sum) => {
  total = Object.fromEntries(Object.keys(total).map((key) => [key, total[key] + sum[key]]));
};
try {
  if ((await run([path.join(root, 'tools', 'build.mjs')], environment)) !== 0)
    throw new Error('the build failed');
  // What tests put into temporary folders goes with the run, also when they are interrupted.
  const temporary = path.join(folder, 'tmp');
  await mkdir(temporary);
  const env = {
    ...environment,
    TMPDIR: temporary,
    EASYFLOW_CONFORMANCE_DIR: conformanceFolder(root),
  };
  if (!interrupted) add(await runProject('unit', ['--maxWorkers=2'], env, folder));
  if (!interrupted) {
    const addresses = await startServers(folder, servers);
    // One file at a time: they share two cores and one server of each kind with what they measure and kill.
    if (!interrupted)
      add(await runProject('real', ['--runInBand'], { ...env, ...addresses }, folder));
  }
} catch (error) {
  for (const each of error instanceof AggregateError ? error.errors : [error])
    log(`npm test cannot go on: ${each.message}`);
  add({ passed: 0, failed: 1, skipped: 0 });
} finally {
  await Promise.allSettled(servers.map((server) => server.stop()));
  const left = await endLeftovers(folder);
  if (left > 0 && !interrupted) add({ passed: 0, failed: 1, skipped: 0 });
  await rm(folder, { recursive: true, force: true });
}
process.stdout.write(`${formatSummary(total)}\n`);
process.exitCode = interrupted ? 130 : total.failed > 0 ? 1 : 0;
