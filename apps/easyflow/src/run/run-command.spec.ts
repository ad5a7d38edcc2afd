import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { captured, type Captured } from '../cli/captured.test';

const flow = (body: string, name = 'test', version = '1.0.0'): string =>
  `document: { dsl: '1.0.3', namespace: test, name: ${name}, version: '${version}' }\n${body}`;
const output = ({ stdout }: Captured): unknown => JSON.parse(stdout);

jest.setTimeout(30_000);

describe('easyflow run', () => {
  let folder: string;
  const file = async (name: string, text: string): Promise<string> => {
    const target = path.join(folder, name);
    await writeFile(target, text);
    return target;
  };

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'easyflow-run-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('prints the output and the emitted events', async () => {
    const target = await file(
      'a.yaml',
      flow(
        `do: [{ a: { emit: { event: { with: { type: t, data: '\${ .x }' } } } } }, { b: { set: { y: '\${ .data }' } } }]`,
      ),
    );
    const input = await file('in.json', '{"x": 5}');
    for (const given of ['{"x": 5}', `@${input}`]) {
      const result = await captured('run', target, '-i', given, '-o', 'json');
      expect(result.code).toBe(0);
      expect(output(result)).toEqual({
        status: 'completed',
        output: { y: 5 },
        emitted: [expect.objectContaining({ type: 't', data: 5 })],
      });
      expect(result.stderr).toContain('loopback');
    }
  });

  it('reads JSON flows and gives an empty input', async () => {
    const document = { dsl: '1.0.3', namespace: 'n', name: 'n', version: '1.0.0' };
    const target = await file('a.json', JSON.stringify({ document, do: [] }));
    expect(output(await captured('run', target))).toEqual({
      status: 'completed',
      output: {},
      emitted: [],
    });
  });

  it('exits 3 when the execution faults', async () => {
    const target = await file(
      'a.yaml',
      flow(`do: [{ a: { raise: { error: { type: http://e, status: 418 } } } }]`),
    );
    const result = await captured('run', target);
    expect(result.code).toBe(3);
    expect(output(result)).toMatchObject({
      status: 'faulted',
      error: { status: 418, instance: '/do/0/a' },
    });
  });

  it.each([
    ['waiting', `do: [{ a: { wait: PT1H } }]`],
    ['running', `do: [{ a: { call: http, with: { method: get, endpoint: 'ENDPOINT' } } }]`],
  ])('exits 8 at the timeout of an execution that is %s', async (status, body) => {
    const server: Server = createServer(() => undefined);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    try {
      const target = await file('a.yaml', flow(body.replace('ENDPOINT', endpoint)));
      const result = await captured('run', target, '--timeout', '0.2');
      expect(result.code).toBe(8);
      expect(output(result)).toEqual({ status, emitted: [] });
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });

  it('exits 1 for an invalid document, and tells its errors', async () => {
    const target = await file('a.yaml', flow(`do:\n  - a:\n      sett: {}\n`));
    const told = await captured('run', target, '-o', 'json');
    expect(told.code).toBe(1);
    expect(output(told)).toEqual({
      errors: [
        { pointer: '#/do/0/a', line: 3, message: expect.stringContaining('did you mean "set"') },
      ],
    });
    const shown = await captured('run', target);
    expect(shown).toMatchObject({ code: 1, stdout: '' });
    expect(shown.stderr).toContain('line 3: #/do/0/a');
    const broken = await captured('run', await file('b.yaml', 'a: ['), '-o', 'json');
    expect(broken.code).toBe(1);
    expect(output(broken)).toMatchObject({ errors: [{ pointer: '#' }] });
  });

  it('waits as long as it is told, however long that is', async () => {
    const target = await file('a.yaml', flow('do: [{ a: { wait: PT0.2S } }]'));
    expect(await captured('run', target, '--timeout', '99999999999')).toMatchObject({ code: 0 });
  });

  it('exits 1 for a file that is not there and 2 for wrong usage', async () => {
    const target = await file('a.yaml', flow('do: []'));
    expect((await captured('run', path.join(folder, 'gone.yaml'))).code).toBe(1);
    expect((await captured('run')).code).toBe(2);
    expect((await captured('run', target, '--nope')).code).toBe(2);
    expect((await captured('run', target, '-i', '{')).code).toBe(2);
    expect((await captured('run', target, '--timeout', 'soon')).code).toBe(2);
    expect((await captured('run', target, '--secrets', await file('s.yaml', '[1]'))).code).toBe(2);
    expect(
      (await captured('run', target, '--events', await file('e.json', '[{"id": 1}]'))).code,
    ).toBe(2);
  });

  it('gives secrets to the flow', async () => {
    const target = await file(
      'a.yaml',
      flow(`use: { secrets: [token] }\ndo: [{ a: { set: { t: '\${ $secrets.token }' } } }]`),
    );
    const secrets = await file('s.yaml', 'token: abc\nother: x');
    expect(output(await captured('run', target, '--secrets', secrets))).toMatchObject({
      output: { t: 'abc' },
    });
    const without = await captured('run', target);
    expect(without.code).toBe(3);
    expect(output(without)).toMatchObject({ error: { status: 403 } });
  });

  it('runs sub-flows, the highest version as the latest, and takes over their errors and events', async () => {
    const parent = await file(
      'a.yaml',
      flow(`
do:
  - child: { run: { workflow: { namespace: test, name: child, version: latest, input: { n: '\${ .n }' } } } }
  - old: { run: { workflow: { namespace: test, name: child, version: 1.2.0, input: { n: '\${ .n }' } } } }
  - gone: { run: { workflow: { namespace: test, name: gone, version: 1.0.0 } } }`),
    );
    const child = (version: string, factor: number): string =>
      flow(
        `do: [{ e: { emit: { event: { with: { type: child } } }, output: { as: $input } } }, { a: { set: { n: '\${ .n * ${factor} }' } } }]`,
        'child',
        version,
      );
    const withs = [
      '--with',
      await file('c1.yaml', child('1.2.0', 2)),
      '--with',
      await file('c2.yaml', child('1.10.0', 10)),
    ];
    const result = await captured('run', parent, '-i', '{"n": 1}', ...withs);
    expect(result.code).toBe(3);
    expect(output(result)).toMatchObject({
      error: {
        type: expect.stringContaining('configuration'),
        detail: expect.stringContaining('test/gone in version 1.0.0'),
        instance: '/do/2/gone',
      },
      emitted: [{ type: 'child' }, { type: 'child' }],
    });
  });

  it('lets sub-flows that nobody waits for end', async () => {
    const parent = await file(
      'a.yaml',
      flow(
        `do: [{ child: { run: { workflow: { namespace: test, name: child, version: 1.0.0 }, await: false } } }]`,
      ),
    );
    const child = await file(
      'c.yaml',
      flow(
        `do: [{ w: { wait: PT0.05S } }, { e: { emit: { event: { with: { type: late } } } } }]`,
        'child',
      ),
    );
    expect(output(await captured('run', parent, '--with', child))).toMatchObject({
      status: 'completed',
      output: {},
      emitted: [{ type: 'late' }],
    });
  });

  it('says that a result is nested too deeply to be printed', async () => {
    const target = await file(
      'a.yaml',
      flow(`do: [{ a: { set: '\${ reduce range(20000) as $i (1; [.]) }' } }]`),
    );
    const result = await captured('run', target);
    expect(result.code).toBe(1);
    expect(result.stdout).toBe('');
    expect(result.stderr).toContain('The result cannot be printed');
    expect(result.stderr).not.toContain('    at ');
  });

  it('cancels a sub-flow whose task takes too long', async () => {
    await file(
      'child.yaml',
      flow(
        `do: [{ pause: { wait: PT0.3S } }, { late: { emit: { event: { with: { type: late } } } } }]`,
        'child',
      ),
    );
    const target = await file(
      'a.yaml',
      flow(`
do:
  - limited:
      try: [{ slow: { timeout: { after: PT0.05S }, do: [{ child: { run: { workflow: { namespace: test, name: child, version: 1.0.0 } } } }] } }]
      catch: { do: [{ pause: { wait: PT0.6S } }] }`),
    );
    expect(output(await captured('run', target))).toMatchObject({
      status: 'completed',
      emitted: [],
    });
  });

  it.each([
    ['waits for', true, 3],
    ['does not wait for', false, 0],
  ])('ends a flow that runs itself without end and %s it', async (_, waits, code) => {
    const target = await file(
      'a.yaml',
      flow(
        `do: [{ again: { run: { await: ${waits}, workflow: { namespace: test, name: test, version: latest } } } }]`,
      ),
    );
    const result = await captured('run', target);
    expect(result.code).toBe(code);
    const error = {
      status: 500,
      detail: expect.stringContaining('does a flow run itself without end?'),
      instance: '/do/0/again',
    };
    expect(output(result)).toMatchObject(waits ? { error } : { status: 'completed' });
  });
});
