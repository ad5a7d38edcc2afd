// `npm run bench -- [suite…] [flags]`: runs the named suites, each `bench/<suite>/index.mjs` with `run(flags)`;
// without a name the whole road of an execution.
import { access } from 'node:fs/promises';
import path from 'node:path';

const folder = import.meta.dirname;
const given = process.argv.slice(2);
const first = given.findIndex((argument) => argument.startsWith('-'));
const names = first < 0 ? given : given.slice(0, first);
const flags = first < 0 ? [] : given.slice(first);

async function load(name) {
  const file = path.join(folder, name, 'index.mjs');
  try {
    await access(file);
  } catch {
    throw new Error(`There is no suite "${name}" (looked for bench/${name}/index.mjs)`);
  }
  return import(file);
}

try {
  for (const name of names.length > 0 ? names : ['road']) {
    const suite = await load(name);
    await suite.run(flags);
  }
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
