import type { Json } from '@easyflow/expressions';
import { IssueList } from '../compile/issue-list';
import type { DocumentIssue } from '../document/document-issue';
import { FlowInvalidError } from '../document/document-issue';
import { DataSchemaCompiler, type DataSchema } from './data-schema';

function compile(document: Json, accepted = false): DataSchema {
  const issues = new IssueList(() => undefined);
  const schema = new DataSchemaCompiler(issues, accepted).compile({ document }, '/input/schema');
  issues.refuse();
  if (!schema) throw new Error('nothing was refused, nothing was compiled');
  return schema;
}

function refusals(document: Json): readonly DocumentIssue[] {
  try {
    compile(document);
  } catch (error) {
    if (error instanceof FlowInvalidError) return error.issues;
    throw error;
  }
  return [];
}

const draft7 = 'http://json-schema.org/draft-07/schema#';
const spent = [
  { pointer: '#', message: 'takes more steps to check against the schema than a check may take' },
];

/** A reference that leads to two others, and so on. */
const fanOut = (levels: number): Json => ({
  $defs: Object.fromEntries(
    Array.from({ length: levels }, (_, level): [string, Json] => [
      `l${level}`,
      level === 0
        ? { type: 'object' }
        : { allOf: [{ $ref: `#/$defs/l${level - 1}` }, { $ref: `#/$defs/l${level - 1}` }] },
    ]),
  ),
  $ref: `#/$defs/l${levels - 1}`,
});

describe('a JSON schema', () => {
  it.each([undefined, draft7])('of the dialect %s tells every problem of a value', (dialect) => {
    const schema = compile({
      ...(dialect !== undefined && { $schema: dialect }),
      type: 'object',
      required: ['id'],
      properties: {
        id: { type: 'integer' },
        code: { pattern: '^[A-Z]{3}$' },
        mail: { type: 'string', format: 'email' },
        tags: { uniqueItems: true },
        color: { enum: ['red', 'green'] },
      },
      patternProperties: { '^x-': { type: 'string' } },
      additionalProperties: false,
    });
    expect(schema.check({ id: 1, code: 'ABC', mail: 'a@b.c', tags: [1, '1'], 'x-a': '' })).toEqual(
      [],
    );
    const wrong = {
      code: 'abc',
      mail: 'a',
      tags: [
        { a: 1, b: 2 },
        { b: 2, a: 1 },
      ],
      color: 'blue',
      y: 1,
      'x-a': 1,
    };
    expect(
      schema
        .check(wrong)
        .map(({ pointer }) => pointer)
        .sort(),
    ).toEqual(['#', '#', '#/code', '#/color', '#/mail', '#/tags', '#/x-a'].sort());
    expect(schema.check(wrong)).toContainEqual({
      pointer: '#/color',
      message: 'must be equal to one of the allowed values: red, green',
    });
  });

  it.each<[string, Json, string, string]>([
    [
      'a pattern',
      { properties: { 'a/b': { pattern: '(a' } } },
      '/properties/a~1b/pattern',
      'Unterminated group',
    ],
    [
      'a pattern of names',
      { patternProperties: { '[': true } },
      '/patternProperties/%5B',
      'Unterminated character class',
    ],
    [
      'many large patterns',
      { allOf: Array.from({ length: 100 }, () => ({ pattern: '(a{1,99}b){1,9}c+d+' })) },
      '/allOf/27/pattern',
      'too large',
    ],
    ['a backreference', { items: { pattern: '(a)\\1' } }, '/items/pattern', 'backreferences'],
    ['a keyword', { anyOf: [{ minLength: 'x' }] }, '/anyOf/0/minLength', 'must be integer'],
    ['a reference to nowhere', { $ref: '#/$defs/x' }, '', "can't resolve reference"],
    ['a reference to elsewhere', { $ref: 'https://x.test/y' }, '', "can't resolve reference"],
    [
      'its size',
      { enum: Array.from({ length: 30_000 }, (_, index) => index) },
      '',
      'over 20000 parts',
    ],
  ])('with %s wrong is refused by its place', (_, document, place, message) => {
    const [issue, ...others] = refusals(document);
    expect(issue?.pointer).toBe(`#/input/schema/document${place}`);
    expect(issue?.message).toContain(message);
    expect(others).toEqual([]);
  });

  it('takes data that looks like a pattern for what it is', () => {
    const schema = compile({ const: { pattern: '(' }, examples: [{ pattern: '(' }] });
    expect(schema.check({ pattern: '(' })).toEqual([]);
    expect(schema.check({ pattern: ')' })).toHaveLength(1);
  });

  it('may have the same $id as another of the document', () => {
    const compiler = new DataSchemaCompiler(new IssueList(() => undefined), false);
    const [text, number] = ['string', 'number'].map((type) =>
      compiler.compile({ document: { $id: 'https://x.test/same', type } }, '/x'),
    );
    expect([text?.check('a'), number?.check(1)]).toEqual([[], []]);
  });

  it('that was accepted before is compiled when it is needed', () => {
    expect(compile({ type: 'string' }, true).check(1)).toEqual([
      { pointer: '#', message: 'must be string' },
    ]);
  });
});

describe('the check of a value ends', () => {
  it('with a pattern that would run away', () => {
    const schema = compile({ pattern: '^(a+)+$', patternProperties: { '^(b|b)*$': false } });
    expect(schema.check(`${'a'.repeat(10_000)}!`)).toHaveLength(1);
    expect(schema.check({ [`${'b'.repeat(10_000)}!`]: 1 })).toEqual([]);
  });

  it('with many items that must differ', () => {
    const items = Array.from({ length: 100_000 }, (_, index) => ({ index }));
    expect(compile({ uniqueItems: true }).check(items)).toEqual([]);
  });

  it('with references that fan out', () => {
    expect(compile(fanOut(10)).check({})).toEqual([]);
    expect(compile(fanOut(60)).check({})).toEqual(spent);
  });

  it('with branches that fan out as the value goes deep', () => {
    const schema = compile({
      anyOf: [{ properties: { a: { $ref: '#' } } }, { properties: { a: { $ref: '#' } } }],
      required: ['b'],
    });
    let value: Json = {};
    for (let level = 0; level < 60; level += 1) value = { a: value };
    expect(schema.check(value)).toEqual(spent);
  });

  it('with schemas below a keyword of the author’s own', () => {
    const doubled = (to: string): Json => ({ anyOf: [{ $ref: to }, { $ref: to }] });
    const parts = Array.from({ length: 60 }, (_, level): [string, Json] => [
      `p${level}`,
      level === 0 ? false : doubled(`#/parts/p${level - 1}`),
    ]);
    const schema = compile({ parts: Object.fromEntries(parts), $ref: '#/parts/p59' });
    expect(schema.check(1)).toEqual(spent);
  });

  it('with a reference to itself, and with a value of many levels', () => {
    const tooDeep = [
      { pointer: '#', message: 'is nested too deep to be checked against the schema' },
    ];
    expect(compile({ $ref: '#' }).check(1)).toEqual(tooDeep);
    let value: Json = 1;
    for (let level = 0; level < 100_000; level += 1) value = [value];
    expect(compile({ items: { $ref: '#' } }).check(value)).toEqual(tooDeep);
  });

  it('with one problem of a value that has a great many', () => {
    const branches = Array.from({ length: 100 }, (_, index) => ({ const: index }));
    const items = Array.from({ length: 10_000 }, () => 'x');
    const problems = compile({ items: { anyOf: branches } }).check(items);
    expect(problems.length).toBeGreaterThan(0);
    expect(problems[0]?.pointer).toBe('#/0');
  });
});
