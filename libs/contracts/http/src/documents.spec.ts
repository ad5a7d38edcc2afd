import { readFileSync } from 'node:fs';
import path from 'node:path';
import { errorsDocument } from './errors-document';
import { openApiDocument } from './openapi';
import { problemKinds } from './problem';

const docs = path.join(__dirname, '../../../../docs');
const read = (name: string) => readFileSync(path.join(docs, name), 'utf8');

/** Without the padding that formatting adds to tables. */
const plain = (text: string) => text.replace(/ {2,}/g, ' ').replace(/-{3,}/g, '---');

describe('the documents of the contract (written by tools/contract-documents.mjs)', () => {
  it('docs/openapi.json is what /openapi.json serves', () => {
    expect(JSON.parse(read('openapi.json'))).toEqual(JSON.parse(JSON.stringify(openApiDocument())));
  });

  it('docs/errors.md lists every code', () => {
    const text = read('errors.md');
    expect(plain(text)).toBe(plain(errorsDocument()));
    for (const code of Object.keys(problemKinds)) expect(plain(text)).toContain(`| \`${code}\` |`);
  });
});
