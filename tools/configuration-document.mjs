// Writes docs/configuration.md from the variables that libs/platform/config reads. Build first.
import { writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const { configurationDocument } = createRequire(import.meta.url)('@easyflow/platform-config');
const file = path.join(path.dirname(fileURLToPath(import.meta.url)), '../docs/configuration.md');
await writeFile(file, configurationDocument());
