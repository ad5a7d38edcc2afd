import { unlink, writeFile } from 'node:fs/promises';
import { LocalServerError } from './local-server-error';
import { hasCode } from './process-identity';
import { findProgram } from './programs';
import { runCommand } from './run-command';
import { exists } from './server-folder';

/** A program that the tests, the benchmarks or the full shape need, and the packages that have it. */
interface Prerequisite {
  readonly programs: readonly string[];
  readonly purpose: string;
  /** Whether the full shape itself needs it, not only tests and benchmarks. */
  readonly forServices: boolean;
  /** Debian packages, the first that the distribution offers is installed. */
  readonly packages: readonly string[];
}

const prerequisites: readonly Prerequisite[] = [
  {
    programs: ['java'],
    purpose: 'runs Kafka',
    forServices: true,
    packages: ['openjdk-17-jre-headless', 'openjdk-21-jre-headless', 'default-jre-headless'],
  },
  { programs: ['mvn'], purpose: 'fetches Kafka', forServices: true, packages: ['maven'] },
  {
    programs: ['redis-server'],
    purpose: 'is Redis',
    forServices: true,
    packages: ['redis-server'],
  },
  {
    programs: ['psql', 'pgbench'],
    purpose: 'are the client tools of Postgres',
    forServices: false,
    packages: ['postgresql-15', 'postgresql-16', 'postgresql-17', 'postgresql'],
  },
  { programs: ['wrk'], purpose: 'generates load', forServices: false, packages: ['wrk'] },
];

/** Services that the packages would start; ours run on their own ports and folders. */
const packageServices = ['redis-server', 'postgresql'];
const policyFile = '/usr/sbin/policy-rc.d';

/**
 * Installs what is missing with apt, when this user may (root, or sudo without a password), and
 * says so. Throws LocalServerError that names every missing program when it may not or cannot:
 * nothing is skipped in silence.
 */
export async function ensurePrerequisites(options: {
  log: (line: string) => void;
  /** Default `tests`: everything. */
  for?: 'services' | 'tests';
}): Promise<void> {
  const wanted = prerequisites.filter(
    ({ forServices }) => forServices || options.for !== 'services',
  );
  const missing = await findMissing(wanted);
  if (missing.length === 0) return;
  for (const each of missing) {
    options.log(`missing: ${each.programs.join(', ')} (${each.purpose})`);
  }
  const asRoot = await rootPrefix();
  if (!asRoot || !(await findProgram('apt-get'))) throw stillMissing(missing, '');
  const output = await install(missing, asRoot, options.log);
  const left = await findMissing(wanted);
  if (left.length > 0) throw stillMissing(left, output);
}

async function findMissing(wanted: readonly Prerequisite[]): Promise<Prerequisite[]> {
  const missing: Prerequisite[] = [];
  for (const each of wanted) {
    const found = await Promise.all(each.programs.map(findProgram));
    if (found.includes(undefined)) missing.push(each);
  }
  return missing;
}

function stillMissing(missing: readonly Prerequisite[], output: string): LocalServerError {
  const programs = missing.flatMap((each) => each.programs).join(', ');
  const packages = missing.map((each) => each.packages[0]).join(' ');
  const tail = output.trim().split('\n').slice(-15).join('\n');
  return new LocalServerError(
    `Missing on this machine: ${programs}.${tail === '' ? '' : `\n${tail}`}`,
    `install the programs (Debian, Ubuntu: sudo apt-get install ${packages}) and try again.`,
  );
}

/** How to run a command as root without being asked for a password; undefined if we may not. */
async function rootPrefix(): Promise<readonly string[] | undefined> {
  if (process.getuid?.() === 0) return [];
  const sudo = await findProgram('sudo');
  if (!sudo) return undefined;
  return (await runCommand(sudo, ['-n', 'true'])).code === 0 ? [sudo, '-n'] : undefined;
}

async function install(
  missing: readonly Prerequisite[],
  asRoot: readonly string[],
  log: (line: string) => void,
): Promise<string> {
  log('reading the lists of packages (apt-get update)');
  const updated = await runAsRoot(asRoot, ['apt-get', 'update', '-q']);
  const packages = await Promise.all(missing.map(choosePackage));
  log(`installing ${packages.join(', ')} (apt-get install)`);
  const restorePolicy = await keepServicesStopped(asRoot);
  try {
    const installed = await runAsRoot(asRoot, [
      'apt-get',
      'install',
      '--yes',
      '--no-install-recommends',
      '-q',
      '-o',
      'DPkg::Lock::Timeout=300',
      ...packages,
    ]);
    return `${updated.output}\n${installed.output}`;
  } finally {
    await restorePolicy();
  }
}

async function choosePackage(wanted: Prerequisite): Promise<string> {
  for (const name of wanted.packages) {
    const { output } = await runCommand('apt-cache', ['policy', name]);
    if (/^ {2}Candidate: (?!\(none\))/m.test(output)) return name;
  }
  return wanted.packages[0] ?? '';
}

/**
 * Debian's packages start their services when they are installed. `policy-rc.d` is Debian's way to
 * forbid it, and systemd is told not to start at the next boot what was not there before.
 */
async function keepServicesStopped(asRoot: readonly string[]): Promise<() => Promise<void>> {
  const added: string[] = [];
  for (const service of packageServices) {
    if (!(await exists(`/etc/init.d/${service}`))) added.push(service);
  }
  const ours = asRoot.length === 0 && (await writePolicy());
  return async () => {
    if (ours) await unlink(policyFile);
    if (!(await exists('/run/systemd/system'))) return;
    for (const service of added) {
      if (!(await exists(`/etc/init.d/${service}`))) continue;
      await runAsRoot(asRoot, ['systemctl', 'disable', '--now', service]);
    }
  };
}

/** Whether the file is new; a policy that is already there stays as it is. */
async function writePolicy(): Promise<boolean> {
  try {
    await writeFile(policyFile, '#!/bin/sh\nexit 101\n', { mode: 0o755, flag: 'wx' });
    return true;
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false;
    throw error;
  }
}

function runAsRoot(asRoot: readonly string[], command: readonly string[]) {
  const [program = '', ...args] = [...asRoot, 'env', 'DEBIAN_FRONTEND=noninteractive', ...command];
  return runCommand(program, args);
}
