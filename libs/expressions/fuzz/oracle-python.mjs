// A Python that has the real jq, for the fuzz and for the test that runs a part of it.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';

const jqPackage = 'jq==1.13.0';

function run(program, args) {
  const { status, error, stderr } = spawnSync(program, args, {
    encoding: 'utf8',
    timeout: 180_000,
  });
  if (status === 0) return undefined;
  const text = error?.message ?? stderr.trim().split('\n').at(-1) ?? '';
  return `${path.basename(program)} ${args.join(' ')}: ${text}`;
}

const hasJq = (python) => existsSync(python) && run(python, ['-c', 'import jq']) === undefined;

/** Installs what Debian and Ubuntu leave out of their Python, where this user may. */
function installVenv(log) {
  const prefix = process.getuid?.() === 0 ? [] : ['sudo', '-n'];
  log('installing python3-venv (apt-get install)');
  for (const args of [
    ['update', '-q'],
    ['install', '-q', '-y', '--no-install-recommends', 'python3-venv'],
  ]) {
    const [program, ...rest] = [...prefix, 'apt-get', ...args];
    const complaint = run(program, rest);
    if (complaint !== undefined) return complaint;
  }
  return undefined;
}

function makeEnvironment(folder, log) {
  mkdirSync(path.dirname(folder), { recursive: true });
  const made = mkdtempSync(`${folder}-`);
  try {
    let complaint = run('python3', ['-m', 'venv', made]);
    if (complaint !== undefined) {
      complaint = installVenv(log) ?? run('python3', ['-m', 'venv', '--clear', made]);
    }
    log(`installing ${jqPackage} into ${folder}`);
    complaint ??= run(path.join(made, 'bin', 'python'), ['-m', 'pip', 'install', '-q', jqPackage]);
    if (complaint !== undefined) return complaint;
    rmSync(folder, { recursive: true, force: true });
    renameSync(made, folder);
    return undefined;
  } finally {
    rmSync(made, { recursive: true, force: true });
  }
}

/**
 * Finds such a Python, or makes one in the user's cache: a virtual environment with the package
 * `jq` of PyPI. Answers its path, or why there is none.
 */
export function oraclePython({ cacheFolder, log }) {
  const caches = cacheFolder ?? path.join(homedir(), '.cache');
  const folder = path.join(caches, 'easyflow', 'jq-oracle-1.13.0');
  const python = path.join(folder, 'bin', 'python');
  if (hasJq(python)) return { python };
  const missing = makeEnvironment(folder, log);
  if (missing !== undefined) return { missing };
  return hasJq(python) ? { python } : { missing: `${python} cannot import jq` };
}
