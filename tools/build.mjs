// Compiles every package's src/ to dist/ with swc, file by file, and only what changed.
// Types are checked by `npm run types`; splitting the two keeps `npm start` fast.
import { transformFile } from '@swc/core';
import { cp, mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..');
const groups = ['apps', 'libs/contracts', 'libs/kernel', 'libs/domain', 'libs/platform'];
const single = [
  'libs/engine',
  'libs/expressions',
  'libs/runtime',
  'libs/tenant-context',
  'libs/testing',
];

const swcOptions = {
  swcrc: false,
  configFile: false,
  sourceMaps: true,
  module: { type: 'commonjs' },
  jsc: {
    target: 'es2024',
    parser: { syntax: 'typescript', decorators: true },
    transform: { legacyDecorator: true, decoratorMetadata: true },
    keepClassNames: true,
  },
};

const isTest = (file) => /\.(spec|test)\.ts$/.test(file) || file.endsWith('.d.ts');

async function packages() {
  const found = [...single];
  for (const group of groups) {
    for (const entry of await readdir(path.join(root, group), { withFileTypes: true })) {
      if (entry.isDirectory()) found.push(`${group}/${entry.name}`);
    }
  }
  return found.map((folder) => path.join(root, folder));
}

async function modified(file) {
  return (await stat(file).catch(() => undefined))?.mtimeMs ?? 0;
}

async function compile(source, target) {
  const out = await transformFile(source, { ...swcOptions, filename: source });
  const map = `${path.basename(target)}.map`;
  await writeFile(`${target}.map`, out.map);
  await writeFile(target, `${out.code}\n//# sourceMappingURL=${map}\n`);
}

async function buildPackage(folder) {
  const src = path.join(folder, 'src');
  const dist = path.join(folder, 'dist');
  const wanted = new Set();
  let compiled = 0;
  const entries = await readdir(src, { recursive: true, withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    if (!entry.isFile() || isTest(entry.name)) continue;
    const source = path.join(entry.parentPath, entry.name);
    const relative = path.relative(src, source);
    const target = path.join(dist, relative.replace(/\.ts$/, '.js'));
    wanted.add(target);
    if ((await modified(target)) >= (await modified(source))) continue;
    await mkdir(path.dirname(target), { recursive: true });
    if (entry.name.endsWith('.ts')) await compile(source, target);
    else await cp(source, target);
    compiled += 1;
  }
  const built = await readdir(dist, { recursive: true, withFileTypes: true }).catch(() => []);
  for (const entry of built) {
    const file = path.join(entry.parentPath, entry.name);
    if (entry.isFile() && !wanted.has(file.replace(/\.map$/, ''))) await rm(file);
  }
  return compiled;
}

const counts = await Promise.all((await packages()).map(buildPackage));
const total = counts.reduce((sum, count) => sum + count, 0);
if (total > 0) process.stdout.write(`built ${total} files\n`);
