import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Json } from '@easyflow/expressions';
import { conformanceDir } from '@easyflow/testing';
import { FlowInvalidError, type DocumentIssue } from '../document/document-issue';
import { parseDocument } from '../document/parse-document';
import { compileFlow, loadFlow } from './compile-flow';
import type { Program } from './program';

const HEAD = `document: { dsl: '1.0.3', namespace: test, name: test, version: '1.0.0' }\n`;
const compile = (body: string): Program =>
  compileFlow(parseDocument(HEAD + body, 'application/yaml'));
const issuesOf = (body: string): readonly DocumentIssue[] => {
  try {
    compile(body);
  } catch (error) {
    if (error instanceof FlowInvalidError) return error.issues;
    throw error;
  }
  return [];
};

describe('compileFlow', () => {
  it.each([
    [
      'a dangling then',
      `do: [{ a: { set: { x: 1 }, then: bb } }, { b: { set: { x: 1 } } }]`,
      '/do/0/a/then',
      'no task "bb"',
      'did you mean "b"',
    ],
    [
      'a then into another scope',
      `do: [{ a: { do: [{ b: { set: { x: 1 }, then: c } }] } }, { c: { set: { x: 1 } } }]`,
      '/do/0/a/do/0/b/then',
      'no task "c"',
    ],
    [
      'a dangling case',
      `do: [{ a: { switch: [{ x: { then: gone } }] } }]`,
      '/do/0/a/switch/0/x/then',
      'no task "gone"',
    ],
    [
      'a dangling catch.then',
      `do: [{ a: { try: [], catch: { then: gone } } }]`,
      '/do/0/a/catch/then',
      'no task "gone"',
    ],
    [
      'duplicate names',
      `do: [{ a: { set: { x: 1 } } }, { a: { set: { x: 1 } } }]`,
      '/do/1/a',
      '"a" is used twice',
    ],
    [
      'duplicate cases',
      `do: [{ a: { switch: [{ x: { when: 'true', then: end } }, { x: { then: end } }] } }]`,
      '/do/0/a/switch/1/x',
      '"x" is used twice',
    ],
    [
      'two default cases',
      `do: [{ a: { switch: [{ x: { then: end } }, { y: { then: end } }] } }]`,
      '/do/0/a/switch/1/y',
      'only one case',
    ],
    [
      'an unknown function',
      `use: { functions: { getPet: { set: { x: 1 } } } }\ndo: [{ a: { call: getPets } }]`,
      '/do/0/a/call',
      'no function "getPets"',
      '"getPet"',
    ],
    [
      'an unknown retry policy',
      `do: [{ a: { try: [], catch: { retry: gone } } }]`,
      '/do/0/a/catch/retry',
      'no "gone" in use.retries',
    ],
    [
      'an unknown error',
      `do: [{ a: { raise: { error: gone } } }]`,
      '/do/0/a/raise/error',
      'no "gone" in use.errors',
    ],
    ['an unknown timeout', `timeout: gone\ndo: []`, '/timeout', 'no "gone" in use.timeouts'],
    [
      'an unknown authentication',
      `do: [{ a: { call: http, with: { method: get, endpoint: { uri: 'http://x', authentication: { use: gone } } } } }]`,
      '/do/0/a/with/endpoint/authentication/use',
      'no "gone" in use.authentications',
    ],
    [
      'a name of Object.prototype',
      `do: [{ a: { raise: { error: constructor } } }]`,
      '/do/0/a/raise/error',
      'no "constructor"',
    ],
    [
      'an unlisted secret',
      `do: [{ a: { set: { w: { x/y: [1, '\${ $secrets["gone"] }'] } } } }]`,
      '/do/0/a/set/w/x~1y/1',
      '"gone" is not listed in use.secrets',
    ],
    [
      'an unlisted secret of an authentication',
      `do: [{ a: { call: http, with: { method: get, endpoint: { uri: 'http://x', authentication: { bearer: { use: gone } } } } } }]`,
      '/do/0/a/with/endpoint/authentication/bearer/use',
      '"gone" is not listed',
    ],
    [
      'an event without its attributes',
      `do: [{ a: { emit: { event: { type: t } } } }]`,
      '/do/0/a/emit/event',
      '"with" is missing',
    ],
    [
      'an expression within a URI',
      `do: [{ a: { call: http, with: { method: get, endpoint: 'http://x/\${.id}' } } }]`,
      '/do/0/a/with/endpoint',
      'such as ${ "https://example.com/\\(.id)" }',
      '{id}',
    ],
    [
      'an expression within the URI of an endpoint',
      `do: [{ a: { call: http, with: { method: get, endpoint: { uri: 'http://x/\${.id}' } } } }]`,
      '/do/0/a/with/endpoint/uri',
      'as a whole',
    ],
    ['a bad expression', `do: [{ a: { if: '.a | }', set: { x: 1 } } }]`, '/do/0/a/if', 'column 6'],
    [
      'a bad expression in a template',
      `do: [{ a: { set: { deep: [{ x: '\${ .a + }' }] } } }]`,
      '/do/0/a/set/deep/0/x',
      'The expression is wrong',
    ],
    [
      'a variable out of reach',
      `do: [{ a: { if: '$output.x', set: { x: 1 } } }]`,
      '/do/0/a/if',
      '$output',
      'there are $context, $secrets',
    ],
    [
      'a loop variable outside its loop',
      `do: [{ a: { for: { each: x, in: . }, do: [] } }, { b: { set: { y: '\${ $x }' } } }]`,
      '/do/1/b/set/y',
      '$x',
    ],
    [
      'a variable that hides an argument',
      `do: [{ a: { for: { each: context, in: . }, do: [] } }]`,
      '/do/0/a/for/each',
      'choose another name',
    ],
    [
      'a variable no expression can name',
      `do: [{ a: { try: [], catch: { as: my-error } } }]`,
      '/do/0/a/catch/as',
      'cannot name a variable',
    ],
    ['a slip at the top', `timout: { after: PT1S }\ndo: []`, '/timout', 'did you mean "timeout"?'],
    [
      'an error filter in the wrong place',
      `do: [{ a: { try: [], catch: { errors: { status: 404 } } } }]`,
      '/do/0/a/catch/errors/status',
      'under "with"',
    ],
    ['a bad duration', `do: [{ a: { wait: P1Y } }]`, '/do/0/a/wait', 'no fixed length'],
    [
      'a negative duration',
      `do: [{ a: { wait: { seconds: -1 } } }]`,
      '/do/0/a/wait',
      'is not a duration',
    ],
    [
      'a schedule without time between',
      `schedule: { every: PT0S }\ndo: []`,
      '/schedule/every',
      'longer than nothing',
    ],
    [
      'a cron that never fires',
      `schedule: { cron: '0 0 30 2 *' }\ndo: []`,
      '/schedule/cron',
      'matches no day of any year',
    ],
    [
      'two kinds of schedule at once',
      `schedule: { every: PT1M, cron: '0 * * * *' }\ndo: []`,
      '/schedule/cron',
      'one schedule, not "every" and "cron"; keep "every"',
    ],
    ['a bad cron', `schedule: { cron: '61 * * * *' }\ndo: []`, '/schedule/cron', ''],
    [
      'a wrong JSON schema',
      `input: { schema: { document: { type: strin } } }\ndo: []`,
      '/input/schema/document/type',
      'The JSON schema is wrong',
    ],
    [
      'a task that is not supported',
      `do: [{ a: { fork: { branches: [] } } }]`,
      '/do/0/a/fork',
      'not supported yet by this version of EasyFlow',
    ],
    [
      'a call that is not supported',
      `do: [{ a: { call: grpc, with: { proto: { endpoint: 'http://x' }, service: { name: a, host: b }, method: m } } }]`,
      '/do/0/a/call',
      'not supported yet',
    ],
    [
      'a process that is not supported',
      `do: [{ a: { run: { shell: { command: ls } } } }]`,
      '/do/0/a/run/shell',
      'not supported yet',
    ],
    [
      'an authentication that is not supported',
      `do: [{ a: { call: http, with: { method: get, endpoint: { uri: 'http://x', authentication: { digest: { username: a, password: b } } } } } }]`,
      '/do/0/a/with/endpoint/authentication/digest',
      'not supported yet',
    ],
    [
      'an external schema',
      `input: { schema: { resource: { endpoint: 'http://x' } } }\ndo: []`,
      '/input/schema/resource',
      'not supported yet',
    ],
    [
      'another expression language',
      `evaluate: { language: js }\ndo: []`,
      '/evaluate/language',
      'not supported yet',
    ],
    [
      'an event-driven start',
      `schedule: { on: { one: { with: { type: x } } } }\ndo: []`,
      '/schedule/on',
      'not supported yet',
    ],
  ])('names %s', (_, body, pointer, ...texts) => {
    const issues = issuesOf(body);
    expect(issues.map((issue) => issue.pointer)).toEqual([`#${pointer}`]);
    for (const text of texts) expect(issues[0]?.message).toContain(text);
    expect(issues[0]?.line).toBe(body.startsWith('do') ? 2 : issues[0]?.line);
  });

  it('tells the line and all issues at once', () => {
    const issues = issuesOf(`do:
  - a:
      set: { x: 1 }
      then: gone
  - b:
      wait: PT1S
      timeout: none
`);
    expect(issues).toMatchObject([
      { pointer: '#/do/0/a/then', line: 5 },
      { pointer: '#/do/1/b/timeout', line: 8 },
    ]);
  });

  it('has an error with the code and status of the contract', () => {
    expect(() => compile('do: [{ a: {} }]')).toThrow(
      expect.objectContaining({
        code: 'flow.invalid',
        status: 422,
        errors: [expect.objectContaining({ pointer: '#/do/0/a', line: 2 })],
      }),
    );
  });

  it('takes a plain document too', () => {
    const document = { dsl: '1.0.3', namespace: 'n', name: 'x', version: '1.2.3' };
    expect(compileFlow({ document, do: [] }).flow).toEqual({
      namespace: 'n',
      name: 'x',
      version: '1.2.3',
    });
  });

  it('gives the schedule in milliseconds', () => {
    const scheduleOf = (schedule: string) => compile(`schedule: ${schedule}\ndo: []`).schedule;
    expect(scheduleOf('{ every: PT1M }')).toEqual({ every: 60_000 });
    expect(scheduleOf('{ after: { seconds: 5 } }')).toEqual({ after: 5_000 });
    expect(scheduleOf(`{ cron: '0 * * * *' }`)).toEqual({ cron: '0 * * * *' });
    expect(scheduleOf(`{ cron: '0 0 29 2 *' }`)).toEqual({ cron: '0 0 29 2 *' });
    expect(compile('do: []').schedule).toBeUndefined();
  });

  it('loads what was accepted before schedules were judged so', () => {
    const document = (schedule: Json): Json => ({
      document: { dsl: '1.0.3', namespace: 'n', name: 'x', version: '1.2.3' },
      schedule,
      do: [],
    });
    const both = document({ every: { minutes: 1 }, cron: '0 * * * *' });
    expect(() => compileFlow(both)).toThrow(FlowInvalidError);
    expect(loadFlow(both).schedule).toEqual({ every: 60_000, cron: '0 * * * *' });
    expect(loadFlow(document({ cron: '0 0 30 2 *' })).schedule).toBeDefined();
  });

  it('tells the first problems of documents that are wrong everywhere', () => {
    const document = { dsl: '1.0.3', namespace: 'n', name: 'x', version: '1.2.3' };
    const issues = (tasks: Json[]): readonly DocumentIssue[] => {
      try {
        compileFlow({ document, do: tasks });
      } catch (error) {
        if (error instanceof FlowInvalidError) return error.issues;
        throw error;
      }
      return [];
    };
    expect(issues(Array.from({ length: 300_000 }, () => 1))).toHaveLength(50);
    const long = Array.from({ length: 9 }, () => ({ ['k'.repeat(100_000)]: { sett: 1 } }));
    const told = issues(long);
    expect(told.length).toBeGreaterThan(0);
    expect(JSON.stringify(told).length).toBeLessThan(250_000);
  });

  it('judges a long address in time that grows with its length', () => {
    const uri = `http://${'{a}'.repeat(50_000)} `;
    const call = { call: 'http', with: { method: 'get', endpoint: uri } };
    const document = { dsl: '1.0.3', namespace: 'n', name: 'x', version: '1.2.3' };
    expect(() => compileFlow({ document, do: [{ a: call }] })).toThrow(FlowInvalidError);
  });

  it('refuses an expression that is nested too deeply', () => {
    const text = '${ ' + '"\\('.repeat(150_000) + ' }';
    const document = { dsl: '1.0.3', namespace: 'n', name: 'x', version: '1.2.3' };
    expect(() => compileFlow({ document, do: [{ a: { set: { x: text } } }] })).toThrow(
      'nested too deeply',
    );
  });

  it.each(['1.0.0-alpha5', '1.99.0', '0.10.0'])('takes the version %s of the DSL', (dsl) => {
    const document = { dsl, namespace: 'n', name: 'x', version: '1.2.3' };
    expect(compileFlow({ document, do: [] }).flow.version).toBe('1.2.3');
  });

  it('refuses a later major version of the DSL', () => {
    const document = { dsl: '2.0.0', namespace: 'n', name: 'x', version: '1.2.3' };
    expect(() => compileFlow({ document, do: [] })).toThrow(
      '#/document/dsl The version 2.0.0 of the DSL is not supported yet',
    );
  });

  it.each([
    'https://json-schema.org/draft/2020-12/schema',
    'http://json-schema.org/draft-07/schema#',
  ])('validates inputs by %s', (dialect) => {
    const program = compile(`input:
  schema:
    document: { $schema: '${dialect}', type: object, required: [id], properties: { id: { type: integer }, mail: { format: email } }, additionalProperties: false }
do: []`);
    expect(program.validateInput({ id: 1, mail: 'a@b.de' })).toEqual([]);
    expect(
      program
        .validateInput({ id: 'x', mail: 'no', more: 1 })
        .map(({ pointer }) => pointer)
        .sort(),
    ).toEqual(['#', '#/id', '#/mail']);
    expect(program.validateInput(null)).toHaveLength(1);
  });

  it('refuses every invalid document of the specification', () => {
    const folder = path.join(conformanceDir(), 'open-workflow', 'invalid');
    const files = readdirSync(folder);
    expect(files.length).toBeGreaterThan(0);
    for (const file of files) {
      const text = readFileSync(path.join(folder, file), 'utf8');
      expect(() => compileFlow(parseDocument(text, 'application/yaml'))).toThrow();
    }
  });

  it("refuses of the specification's examples only what is not supported", () => {
    const folder = path.join(conformanceDir(), 'open-workflow', 'examples');
    const other = readdirSync(folder).flatMap((file) => {
      const text = readFileSync(path.join(folder, file), 'utf8');
      try {
        compileFlow(parseDocument(text, 'application/yaml'));
      } catch (error) {
        if (!(error instanceof FlowInvalidError)) throw error;
        return error.issues.filter(({ message }) => !message.includes('not supported yet'));
      }
      return [];
    });
    expect(other).toEqual([]);
  });
});
