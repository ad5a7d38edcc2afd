// Writes docs/openapi.json and docs/errors.md from the schemas and the table of codes of the HTTP contract.
import { writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';

const docs = path.join(path.dirname(fileURLToPath(import.meta.url)), '..', 'docs');
const contract = createRequire(import.meta.url)('@easyflow/contracts-http');

async function write(name, text) {
  const file = path.join(docs, name);
  const style = await resolveConfig(file);
  await writeFile(file, await format(text, { ...style, filepath: file }));
}

await write('openapi.json', JSON.stringify(contract.openApiDocument()));
await write('errors.md', contract.errorsDocument());
