import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { waitFor } from '@easyflow/testing';
import { flow, greet, set, wait, type Flow } from '../flows';
import { command, startCommand, type CommandResult } from '../shape/command-line';
import { diagnosed } from '../shape/diagnosed';
import type { WorldOf } from './world';

/** The command line against a running server: it finds the local one by itself. */
export function commandLineSuite(world: WorldOf): void {
  const test = diagnosed(() => world().shape);
  const easyflow = (...args: string[]): Promise<CommandResult> =>
    command(args, { cwd: world().shape.folder });

  const write = async (name: string, document: Flow): Promise<string> => {
    const file = path.join(world().shape.folder, name);
    await writeFile(file, JSON.stringify(document));
    return file;
  };

  const expectCode = (result: CommandResult, code: number) =>
    expect([result.code, result.stdout, result.stderr].join('\n')).toMatch(
      new RegExp(`^${code}\n`),
    );

  describe('command line', () => {
    test('0: applies, starts, gets, lists, watches and cancels on the local server', async () => {
      const file = await write('greet.json', greet);
      expectCode(await easyflow('apply', '-f', file), 0);
      expectCode(await easyflow('apply', '-f', file), 0);
      const started = await easyflow(
        'executions',
        'start',
        'e2e/greet',
        '-i',
        '{"name":"Lin"}',
        '--wait',
      );
      expectCode(started, 0);
      const result = JSON.parse(started.stdout) as { id: string; output: unknown };
      expect(result).toMatchObject({ status: 'completed', output: { text: 'Hello, Lin' } });
      const got = await easyflow('executions', 'get', result.id, '-o', 'json');
      expect(JSON.parse(got.stdout)).toMatchObject({ id: result.id, input: { name: 'Lin' } });
      const listed = await easyflow('executions', 'ls', '-o', 'json');
      expect(listed.stdout).toContain(result.id);
      expectCode(await easyflow('executions', 'watch', result.id), 0);
      expect((await easyflow('flows', 'ls')).stdout).toContain('e2e/greet');
      expectCode(await easyflow('flows', 'get', 'e2e/greet'), 0);
      const tenants = await easyflow('admin', 'tenants', 'ls', '-o', 'json');
      expect(tenants.stdout).toContain((await world().shape.file()).tenantId);
      const created = await easyflow('admin', 'tenants', 'create', '--name', 'by hand');
      expect(JSON.parse(created.stdout)).toMatchObject({ apiKey: expect.stringMatching(/^ef_/) });
    });

    test('1 and 2: an invalid document, no server; a wrong use', async () => {
      const invalid = await write(
        'invalid.json',
        flow('invalid', [{ x: { then: 'nowhere', set: { ok: true } } }]),
      );
      expectCode(await easyflow('apply', '-f', invalid), 1);
      const told = await easyflow('apply', '-f', invalid, '-o', 'json');
      expectCode(told, 1);
      expect(JSON.parse(told.stdout)).toEqual({
        errors: [expect.objectContaining({ pointer: '#/do/0/x/then' })],
      });
      expectCode(await easyflow('executions', 'ls', '--url', 'http://127.0.0.1:9'), 1);
      expectCode(await easyflow('executions', 'get'), 2);
      expectCode(await easyflow('nonsense'), 2);
      expectCode(await easyflow('executions', 'start', 'e2e/greet', '-i', '{'), 2);
      expectCode(await easyflow('executions', 'start', 'e2e/greet', '--wait', 'soon'), 2);
    });

    test('3, 8 and 130: a failed execution, a time that is up, an interrupt', async () => {
      const bad = { raise: { error: { type: 'https://example.test/bad', status: 400 } } };
      await easyflow('apply', '-f', await write('fails.json', flow('fails', [{ bad }])));
      await easyflow('apply', '-f', await write('naps.json', flow('naps', [wait('x', 'PT1M')])));
      expectCode(await easyflow('executions', 'start', 'e2e/fails', '--wait'), 3);
      const late = await easyflow('executions', 'start', 'e2e/naps', '--wait', '1');
      expectCode(late, 8);
      const { id } = JSON.parse(late.stdout) as { id: string };
      const watching = startCommand(['executions', 'watch', id], { cwd: world().shape.folder });
      let shown = '';
      watching.child.stdout?.on('data', (chunk: Buffer) => (shown += chunk.toString()));
      await waitFor(() => shown.includes('executionStarted'), {
        describe: 'the history to be shown',
      });
      watching.child.kill('SIGINT');
      expectCode(await watching.ended, 130);
      expectCode(await easyflow('executions', 'cancel', id), 0);
    });

    test('4, 5, 6 and 7: refused, not found, in conflict, over the quota', async () => {
      const { shape } = world();
      expectCode(await easyflow('flows', 'ls', '--url', shape.url, '--api-key', 'ef_wrong'), 4);
      expectCode(await easyflow('executions', 'start', 'e2e/none'), 5);
      expectCode(await easyflow('executions', 'get', '01900000-0000-7000-8000-000000000000'), 5);
      const other = flow('greet', [set('other', { x: 1 })]);
      expectCode(await easyflow('apply', '-f', await write('other.json', other)), 6);
      const done = await easyflow(
        'executions',
        'start',
        'e2e/greet',
        '-i',
        '{"name":"x"}',
        '--wait',
      );
      const { id } = JSON.parse(done.stdout) as { id: string };
      expectCode(await easyflow('executions', 'cancel', id), 6);
      const small = await shape.createTenant({ limits: { requestsPerSecond: 1 } });
      const busy = Array.from({ length: 400 }, () => small.api.get('/v1/flows'));
      const flooding = Promise.all(busy).then(() => 'done');
      const env = { EASYFLOW_URL: shape.url, EASYFLOW_API_KEY: small.apiKey };
      let last: CommandResult | undefined;
      await waitFor(
        async () => {
          void small.api.get('/v1/flows');
          last = await command(['flows', 'ls'], { cwd: shape.folder, env });
          return last.code !== 0;
        },
        { describe: 'the quota to be exceeded' },
      );
      await flooding;
      expect(last?.code).toBe(7);
    });
  });
}
