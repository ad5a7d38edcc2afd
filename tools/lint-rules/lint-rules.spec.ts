import { execFileSync } from 'node:child_process';
import path from 'node:path';

/** One text as it would stand in a file of the workspace, and the rules it must set off. */
interface Snippet {
  readonly says: string;
  readonly file: string;
  readonly code: string;
  /** Rule and a part of its message, or nothing for a text that must pass. */
  readonly fires: readonly (readonly [rule: string, message: RegExp])[];
}

const boundaries = '@nx/enforce-module-boundaries';
const imports = '@typescript-eslint/no-restricted-imports';
const syntax = 'no-restricted-syntax';
const cycle = 'easyflow/no-import-cycle';
const pattern = 'easyflow/linear-pattern';
/** ESLint's own notes carry no rule. */
const withoutRule = 'ESLint';

const fails = (
  says: string,
  file: string,
  code: string,
  ...fires: (readonly [string, RegExp])[]
): Snippet => ({ says, file, code, fires });
const passes = (says: string, file: string, code: string): Snippet => ({
  says,
  file,
  code,
  fires: [],
});

/** Imports for its effect alone, so that no other rule has anything to say. */
const uses = (name: string) => `import '${name}';\n`;
const only = (layer: string) => new RegExp(`tagged with "layer:${layer}" can only depend`);
const nothing = (layer: string) => new RegExp(`tagged with "layer:${layer}" cannot depend on any`);

const kernel = 'libs/kernel/ids/src/index.ts';
const contract = 'libs/contracts/http/src/index.ts';
const engine = 'libs/engine/src/index.ts';
const platform = 'libs/platform/redis/src/index.ts';
const database = 'libs/platform/database/src/index.ts';
const config = 'libs/platform/config/src/index.ts';
const tenant = 'libs/tenant-context/src/index.ts';
const gateway = 'apps/gateway/src/index.ts';
const composition = 'apps/easyflow/src/index.ts';
const spec = 'libs/testing/src/wait-for.spec.ts';

const expressions = 'libs/expressions/src/run/meter.ts';
const clock = 'libs/expressions/src/run/clock.ts';

/** What would make two evaluations of one state differ, and what the rule says of it. */
const impure: readonly (readonly [code: string, message: RegExp])[] = [
  ['export const now = Date.now();\n', /reads no clock/],
  ['export const read = Date.now;\n', /reads no clock/],
  ['export const now = new Date();\n', /reads no clock/],
  ['export const now = Date();\n', /reads no clock/],
  ['export const now = performance.now();\n', /Use CpuAllowance/],
  ['export const now = process.hrtime.bigint();\n', /Use CpuAllowance/],
  ['export const used = process.threadCpuUsage();\n', /Use CpuAllowance/],
  ['setTimeout(() => undefined, 1);\n', /the shell calls/],
  ['setImmediate(() => undefined);\n', /the shell calls/],
  ['export const chance = Math.random();\n', /derive it from the key/],
  ['export const chance = crypto;\n', /derive it from the key/],
];

const snippets: readonly Snippet[] = [
  ...[engine, expressions].flatMap((file) =>
    impure.map(([code, message]) =>
      fails(`no ${code.trim()} in ${file}`, file, code, [syntax, message]),
    ),
  ),
  ...impure.map(([code]) => passes(`${code.trim()} in the clock`, clock, code)),
  passes('the engine may read a date that it is given', engine, 'export const at = new Date(0);\n'),
  passes('an app may read a clock', gateway, 'export const now = Date.now();\n'),
  ...[
    [String.raw`/"[^"\\]*(?:\\.[^"\\]*)*"|[[\]{}]/gs`, /begins anew/],
    [String.raw`/(?:"(?:[^"\\]|\\.)*(?:"|$)|[^",])+/g`, /linear time/],
    [String.raw`/[eE]\+?\d{3}|\d{309}/`, /tried anew/],
    [String.raw`/0+$/`, /begins anew/],
    [String.raw`/^(?:a|[ab])*$/`, /exponential/],
    [String.raw`/^\s*,?\s*x/`, /two loops/],
    [String.raw`new RegExp('(a+)+$', 'u')`, /linear time/],
    ['RegExp(String(process.pid))', /cannot be judged/],
  ].map(([code, message]) =>
    fails(
      `a pattern is linear: ${String(code)}`,
      kernel,
      `export const made = ${String(code)};\n`,
      [pattern, message as RegExp],
    ),
  ),
  passes(
    'plain patterns are linear',
    kernel,
    String.raw`export const made = [/^[a-z]+(?:-[a-z]+)*$/, /\{[^{}]*\}/g, /a+/, /(?<!\d)\d{309}/, /\s*/y, new RegExp('^x*y')];
`,
  ),
  passes('a spec makes patterns as it likes', spec, 'export const made = /0+$/;\n'),
  fails('a contract imports nothing of ours', contract, uses('@easyflow/kernel-ids'), [
    boundaries,
    nothing('contract'),
  ]),
  fails('the kernel imports no contract', kernel, uses('@easyflow/contracts-http'), [
    boundaries,
    only('kernel'),
  ]),
  fails('the engine imports no platform', engine, uses('@easyflow/platform-kafka'), [
    boundaries,
    only('domain'),
  ]),
  fails('a platform library imports no domain', platform, uses('@easyflow/engine'), [
    boundaries,
    only('platform'),
  ]),
  fails(
    'a platform library imports no tenant context',
    platform,
    uses('@easyflow/tenant-context'),
    [boundaries, only('platform')],
  ),
  fails('the tenant context imports no domain', tenant, uses('@easyflow/engine'), [
    boundaries,
    only('tenant'),
  ]),
  fails('an app imports no app', gateway, uses('@easyflow/executor'), [boundaries, only('app')]),
  fails('the composition imports no test fixtures', composition, uses('@easyflow/testing'), [
    boundaries,
    only('composition'),
  ]),
  fails('an app imports no test fixtures', gateway, uses('@easyflow/testing'), [
    boundaries,
    only('app'),
  ]),
  fails(
    'a neighbour is not imported by its path',
    gateway,
    uses('../../../libs/kernel/ids/src/index'),
    [boundaries, /relative or absolute path/],
  ),
  passes('the kernel may import the kernel', kernel, uses('@easyflow/kernel-errors')),
  passes('the engine may import domain and kernel', engine, uses('@easyflow/domain-cost')),
  passes('an app may import what lies below', gateway, uses('@easyflow/tenant-context')),
  passes('the composition may import apps', composition, uses('@easyflow/gateway')),
  passes('a spec may import the fixtures', spec, uses('@easyflow/platform-local-servers')),

  ...['@nestjs/common', 'typeorm', 'pg', 'kafkajs', 'ioredis'].flatMap((name) => [
    fails(`the domain does not know ${name}`, engine, uses(name), [imports, /.+/]),
    fails(`the kernel does not know ${name}`, kernel, uses(name), [imports, /.+/]),
  ]),
  passes('an app may use Nest', gateway, uses('@nestjs/common')),

  fails('an app does not connect', gateway, uses('pg'), [imports, /tenant-context/]),
  fails(
    'an app makes no data source',
    gateway,
    `import { DataSource } from 'typeorm';\nexport const source = new DataSource({ type: 'postgres' });\n`,
    [imports, /tenant-context/],
  ),
  passes('an app may declare entities', gateway, `export { Column, Entity } from 'typeorm';\n`),
  passes(
    'an app may name the types of pg',
    gateway,
    `import type { QueryResult } from 'pg';\nexport type Rows = QueryResult['rows'];\n`,
  ),
  passes('platform/database may connect', database, uses('pg')),
  passes('tenant-context may connect', tenant, uses('pg')),

  fails('nobody reaches into a package', gateway, uses('@easyflow/kernel-ids/src/id'), [
    imports,
    /index\.ts/,
  ]),
  fails('nothing is exported wholesale', gateway, `export * from '@easyflow/kernel-ids';\n`, [
    syntax,
    /Name what is exported/,
  ]),
  fails(
    'an app does not read the environment',
    gateway,
    `export const port = process.env['PORT'];\n`,
    [syntax, /platform-config/],
  ),
  fails(
    'nor in a roundabout way',
    gateway,
    `import { env } from 'node:process';\nexport const port = env['PORT'];\n`,
    [syntax, /platform-config/],
  ),
  passes('platform/config does', config, `export const port = process.env['PORT'];\n`),

  fails(
    'modules do not import each other',
    'libs/platform/local-servers/src/run-command.ts',
    `import { startPostgres } from './postgres';\nexport const runCommand = startPostgres;\n`,
    [cycle, /run-command\.ts → .*postgres.*run-command\.ts\)\. Move/],
  ),
  passes(
    'types may be named both ways',
    'libs/platform/local-servers/src/run-command.ts',
    `import type { LocalPostgres } from './postgres';\nexport type Running = LocalPostgres;\n`,
  ),

  fails('no promise is left alone', gateway, `Promise.resolve(1);\n`, [
    '@typescript-eslint/no-floating-promises',
    /.*/,
  ]),
  fails(
    'no promise is taken for a truth',
    gateway,
    `export const yes = async () => true;\nif (yes()) throw new Error('always');\n`,
    ['@typescript-eslint/no-misused-promises', /.*/],
  ),
  fails('any is no type', gateway, `export const anything: any = 1;\n`, [
    '@typescript-eslint/no-explicit-any',
    /.*/,
  ]),
  fails('the compiler is not silenced', gateway, `// @ts-ignore\nexport const one = 1;\n`, [
    '@typescript-eslint/ban-ts-comment',
    /.*/,
  ]),
  fails(
    'a comment does not switch a rule off',
    gateway,
    `/* eslint-disable */\nexport * from 'rxjs';\n`,
    [syntax, /.*/],
    [withoutRule, /has no effect/],
  ),
];

interface Message {
  readonly ruleId: string | null;
  readonly message: string;
}

/** ESLint in a process of its own: under Jest's module loader it would not be the one that `npm run lint` runs. */
function lint(texts: readonly Snippet[]): readonly (readonly Message[])[] {
  const script = `
    const { ESLint } = await import('eslint');
    const { text } = await import('node:stream/consumers');
    const eslint = new ESLint();
    const results = [];
    for (const { file, code } of JSON.parse(await text(process.stdin))) {
      const [result] = await eslint.lintText(code, { filePath: file });
      results.push(result?.messages ?? [{ ruleId: null, message: 'the file is ignored' }]);
    }
    process.stdout.write('\\nRESULTS ' + JSON.stringify(results));`;
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
    cwd: path.join(__dirname, '../..'),
    encoding: 'utf8',
    input: JSON.stringify(texts),
    env: { ...process.env, NODE_OPTIONS: '' },
    maxBuffer: 32 * 1024 * 1024,
  });
  const json = output.slice(output.lastIndexOf('RESULTS ') + 'RESULTS '.length);
  return JSON.parse(json) as readonly (readonly Message[])[];
}

jest.setTimeout(120_000);

describe('the rules of the architecture', () => {
  let found: readonly (readonly Message[])[];

  beforeAll(() => {
    found = lint(snippets);
  });

  it.each(snippets.map((snippet, index) => ({ ...snippet, index })))(
    '$says',
    ({ fires, index }) => {
      const messages = found[index] ?? [];
      expect(messages.map(({ ruleId }) => ruleId ?? withoutRule).sort()).toEqual(
        fires.map(([rule]) => rule).sort(),
      );
      for (const [rule, text] of fires) {
        expect(messages.find(({ ruleId }) => (ruleId ?? withoutRule) === rule)?.message).toMatch(
          text,
        );
      }
    },
  );
});
