// The conformance data of the two languages that EasyFlow speaks: `node tools/conformance.mjs [FOLDER]` fetches it
// from the public repositories, at fixed commits, and prints the folder. It is not part of this repository.
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const sources = [
  {
    folder: 'open-workflow',
    repository: 'https://github.com/open-workflow-specification/specification.git',
    commit: '4d42471f555a6ccecf1946db9858bbf8b1ce2b43',
    files: {
      LICENSE: 'LICENSE',
      'schema/workflow.yaml': 'schema/workflow.yaml',
      examples: 'examples',
      'ctk/features': 'ctk/features',
      '.ci/validation/test/fixtures/invalid': 'invalid',
    },
  },
  {
    folder: 'jq',
    repository: 'https://github.com/jqlang/jq.git',
    commit: '579e6f76cffd7643ba4002a2c3618a5ea710589a',
    files: {
      COPYING: 'COPYING',
      'tests/base64.test': 'base64.test',
      'tests/jq.test': 'jq.test',
      'tests/man.test': 'man.test',
      'tests/manonig.test': 'manonig.test',
      'tests/onig.test': 'onig.test',
      'tests/uri.test': 'uri.test',
    },
  },
];

function cacheFolder() {
  const caches = process.env.XDG_CACHE_HOME || path.join(homedir(), '.cache');
  const commits = sources.map(({ commit }) => commit.slice(0, 8)).join('-');
  return path.join(caches, 'easyflow', `conformance-${commits}`);
}

/** Only the wanted files of one commit: the histories are large. */
function fetchSource({ folder, repository, commit, files }, draft) {
  const checkout = path.join(draft, `${folder}.git`);
  mkdirSync(checkout);
  const git = (...args) =>
    execFileSync('git', args, { cwd: checkout, stdio: ['ignore', 'ignore', 'inherit'] });
  git('init', '--quiet');
  git('remote', 'add', 'origin', repository);
  git('sparse-checkout', 'set', '--no-cone', ...Object.keys(files).map((file) => `/${file}`));
  git('fetch', '--quiet', '--depth', '1', '--filter=blob:none', 'origin', commit);
  git('checkout', '--quiet', 'FETCH_HEAD');
  for (const [from, to] of Object.entries(files))
    cpSync(path.join(checkout, from), path.join(draft, folder, to), {
      recursive: true,
      filter: (file) => path.basename(file) !== 'README.md',
    });
  rmSync(checkout, { recursive: true });
}

/** Fetches the data into the folder unless it is there; it appears whole or not at all. */
export function fetchConformance(target = cacheFolder()) {
  if (existsSync(target) && readdirSync(target).length > 0) return target;
  process.stderr.write(`Fetching the conformance data into ${target}\n`);
  mkdirSync(path.dirname(target), { recursive: true });
  const draft = mkdtempSync(`${target}.`);
  try {
    for (const source of sources) fetchSource(source, draft);
    renameSync(draft, target);
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    throw new Error(
      `the conformance data could not be fetched (${error.message}); set EASYFLOW_CONFORMANCE_DIR to a folder that has it`,
      { cause: error },
    );
  }
  return target;
}

/** EASYFLOW_CONFORMANCE_DIR, else the folder beside the checkout, else a copy that is fetched once. */
export function conformanceFolder(root) {
  const given = process.env.EASYFLOW_CONFORMANCE_DIR;
  const beside = path.join(root, '..', 'shared', 'conformance');
  const folder = given ? path.resolve(given) : existsSync(beside) ? beside : fetchConformance();
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory())
    throw new Error(`EASYFLOW_CONFORMANCE_DIR names ${folder}, which is no folder`);
  return folder;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = process.argv[2] ?? process.env.EASYFLOW_CONFORMANCE_DIR;
  try {
    process.stdout.write(`${fetchConformance(folder && path.resolve(folder))}\n`);
  } catch (error) {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}
