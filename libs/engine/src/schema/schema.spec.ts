import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import Ajv2020 from 'ajv/dist/2020';
import addFormats from 'ajv-formats';
import fc from 'fast-check';
import { parse } from 'yaml';
import type { Json } from '@easyflow/expressions';
import { conformanceDir } from '@easyflow/testing';
import { ANNOTATIONS, KEYWORDS } from './json-schema';
import { validateAgainstSchema } from './validate-schema';
import copy from './workflow.json';

const conformance = (name: string): string => path.join(conformanceDir(), 'open-workflow', name);
const original = parse(readFileSync(conformance('schema/workflow.yaml'), 'utf8')) as object;
const documents = (folder: string): [string, string][] =>
  readdirSync(conformance(folder)).map((file) => [
    file,
    readFileSync(path.join(conformance(folder), file), 'utf8'),
  ]);
const examples = documents('examples').map(([, text]) => parse(text) as Json);

// Hundreds of changed examples: more than a test's usual time on a busy machine.
jest.setTimeout(120_000);

describe('the schema', () => {
  it("is the specification's", () => expect(copy).toEqual(original));

  it('uses only keywords that the walker understands', () => {
    const unknown = new Set<string>();
    const visit = (node: unknown, named: boolean): void => {
      if (typeof node !== 'object' || node === null) return;
      for (const [key, child] of Object.entries(node)) {
        const isName = named || Array.isArray(node);
        if (!isName && !KEYWORDS.has(key) && !ANNOTATIONS.has(key)) unknown.add(key);
        const holdsNames = !isName && ['properties', '$defs', 'dependentRequired'].includes(key);
        if (!['enum', 'default', 'const', 'required'].includes(key) || isName)
          visit(child, holdsNames);
      }
    };
    visit(copy, false);
    expect([...unknown]).toEqual([]);
  });
});

describe('validateAgainstSchema', () => {
  it.each(documents('examples'))('accepts %s', (_, text) =>
    expect(validateAgainstSchema(parse(text) as Json)).toEqual([]),
  );

  it('gives the verdict of a general validator on changed examples', () => {
    const ajv = new Ajv2020({ strict: false });
    addFormats(ajv);
    const validate = ajv.compile(original);
    fc.assert(
      fc.property(
        fc.nat(examples.length - 1),
        fc.array(fc.nat(), { maxLength: 3, minLength: 1 }),
        (index, seeds) => {
          const document = structuredClone(examples[index] ?? null);
          for (const seed of seeds) mutate(document, seed);
          const expected = validate(document);
          expect({ document, valid: validateAgainstSchema(document).length === 0 }).toEqual({
            document,
            valid: expected,
          });
        },
      ),
      { numRuns: 600 },
    );
  });

  it.each([
    [
      'one wrong key',
      { call: 'http', with: { method: 'get', endpoint: 'http://x' }, foo: 1 },
      [['#/do/0/a/foo', '"foo" is not a known key here; did you mean']],
      0,
    ],
    [
      'a misspelt key',
      { call: 'http', with: { metod: 'get', method: 'get', endpoint: 'http://x' } },
      [['#/do/0/a/with/metod', '"metod" is not a known key here']],
      0,
    ],
    ['a misspelt kind', { swich: [] }, [['#/do/0/a', 'did you mean "switch"?']], 0],
    ['two kinds', { set: { a: 1 }, wait: 'PT1S' }, [['#/do/0/a', '"set" and "wait"']], 0],
    [
      'no duration',
      { wait: '10 seconds' },
      [['#/do/0/a/wait', '"10 seconds" is not a duration']],
      0,
    ],
    [
      'a wrong duration unit',
      { wait: { second: 1 } },
      [['#/do/0/a/wait/second', 'did you mean "seconds"?']],
      0,
    ],
    ['a missing part', { for: { each: 'x' }, do: [] }, [['#/do/0/a/for', '"in" is missing']], 0],
    [
      'a number for a text',
      { call: 'http', with: { method: 'get', endpoint: 'http://x', headers: { a: 1 } } },
      [['#/do/0/a/with/headers/a', 'must be a text, not a number; put it in quotes']],
      0,
    ],
    [
      'no URI',
      { emit: { event: { with: { type: 't', source: 'not a uri' } } } },
      [['#/do/0/a/emit/event/with/source', 'must be a URI without spaces']],
      0,
    ],
    ['a wrong type', { do: { a: 1 } }, [['#/do/0/a/do', 'must be a list, not a map']], 0],
    [
      'an authentication',
      {
        call: 'http',
        with: {
          method: 'get',
          endpoint: { uri: 'http://x', authentication: { basic: { username: 'u' } } },
        },
      },
      [['#/do/0/a/with/endpoint/authentication/basic', '"password" is missing']],
      0,
    ],
  ] as [string, Json, [string, string][], number][])('names %s once', (_, task, expected) => {
    const issues = validateAgainstSchema({
      document: { dsl: '1.0.3', namespace: 'n', name: 'n', version: '1.0.0' },
      do: [{ a: task }],
    });
    expect(issues.map((issue) => issue.pointer)).toEqual(expected.map(([pointer]) => pointer));
    expected.forEach(([, message], index) => {
      const text = issues[index]?.message ?? '';
      expect(text).toContain(message.replace('; did you mean', ''));
    });
  });
});

/** Removes, renames, replaces or adds something at a place the seed picks. */
function mutate(document: Json, seed: number): void {
  const places: { parent: { [key: string]: Json } | Json[]; key: string }[] = [];
  const visit = (node: Json): void => {
    if (typeof node !== 'object' || node === null) return;
    for (const key of Object.keys(node)) {
      places.push({ parent: node, key });
      visit((node as { [key: string]: Json })[key] ?? null);
    }
  };
  visit(document);
  const place = places[seed % places.length];
  if (!place) return;
  const parent = place.parent as { [key: string]: Json };
  const change = Math.floor(seed / places.length) % 9;
  const replacements: Json[] = ['${ .x }', 7, null, [], {}, 'PT5S', { use: 'x' }];
  if (change === 0) {
    if (Array.isArray(parent)) parent.splice(Number(place.key), 1);
    else delete parent[place.key];
  } else if (change === 1 && !Array.isArray(parent)) parent[`${place.key}x`] = 1;
  else parent[place.key] = replacements[change - 2] ?? 'x';
}
