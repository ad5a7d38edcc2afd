import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { flow, greet, set, wait, type Flow } from '../flows';
import { command, startCommand } from '../shape/command-line';

/** `run` and `eval` need no server at all. */
export function localCommandsSuite(): void {
  describe('local commands', () => {
    let cwd: string;
    beforeAll(async () => {
      cwd = await mkdtemp(path.join(tmpdir(), 'easyflow-e2e-cli-'));
    });
    afterAll(() => rm(cwd, { recursive: true, force: true }));

    const run = async (document: Flow, ...args: string[]) => {
      await writeFile(path.join(cwd, 'flow.json'), JSON.stringify(document));
      return command(['run', 'flow.json', ...args], { cwd });
    };

    it('run prints status, output, error and what was emitted', async () => {
      const event = { source: 'https://example.test', type: 'test.done', data: { n: 1 } };
      const done = await run(
        flow('emits', [{ tell: { emit: { event: { with: event } } } }, set('x', { ok: true })]),
        '-o',
        'json',
      );
      expect(done.code).toBe(0);
      expect(JSON.parse(done.stdout)).toEqual({
        status: 'completed',
        output: { ok: true },
        emitted: [expect.objectContaining({ specversion: '1.0', ...event })],
      });
      const input = await run(greet, '-i', '{"name":"Max"}', '-o', 'json');
      expect(JSON.parse(input.stdout)).toMatchObject({ output: { text: 'Hello, Max' } });
      await writeFile(path.join(cwd, 'in.json'), '{"name":"File"}');
      expect((await run(greet, '-i', '@in.json')).stdout).toContain('Hello, File');
    });

    it('run exits 3 when the execution faults, 8 when the time is up, 1 for an invalid document, 2 for wrong use', async () => {
      const bad = { raise: { error: { type: 'https://example.test/bad', status: 400 } } };
      const faulted = await run(flow('bad', [{ bad }]), '-o', 'json');
      expect(faulted.code).toBe(3);
      expect(JSON.parse(faulted.stdout)).toMatchObject({
        status: 'faulted',
        error: { status: 400 },
        emitted: [],
      });
      const late = await run(flow('late', [wait('x', 'PT1H')]), '--timeout', '0.2', '-o', 'json');
      expect(late.code).toBe(8);
      expect(JSON.parse(late.stdout)).toMatchObject({ status: 'waiting' });
      const invalid = await run(flow('invalid', [{ x: { call: 'nobody' } }]), '-o', 'json');
      expect(invalid.code).toBe(1);
      expect(JSON.parse(invalid.stdout)).toEqual({
        errors: [expect.objectContaining({ pointer: expect.stringMatching(/^#\/do\/0\/x/) })],
      });
      expect((await command(['run'], { cwd })).code).toBe(2);
    });

    it('run takes secrets and other flows, and an interrupt ends it with 130', async () => {
      const secret = {
        ...flow('s', [set('x', { s: '${ $secrets.token }' })]),
        use: { secrets: ['token'] },
      };
      await writeFile(path.join(cwd, 'secrets.yaml'), 'token: hush\n');
      expect((await run(secret, '--secrets', 'secrets.yaml')).stdout).toContain('hush');
      await writeFile(path.join(cwd, 'child.json'), JSON.stringify(greet));
      const workflow = {
        namespace: 'e2e',
        name: 'greet',
        version: '1.0.0',
        input: { name: 'sub' },
      };
      const parent = await run(flow('p', [{ sub: { run: { workflow } } }]), '--with', 'child.json');
      expect(parent.stdout).toContain('Hello, sub');
      await writeFile(path.join(cwd, 'flow.json'), JSON.stringify(flow('w', [wait('x', 'PT1H')])));
      const waiting = startCommand(['run', 'flow.json', '--timeout', '60'], { cwd });
      const started = new Promise((resolve) => waiting.child.stderr?.once('data', resolve));
      await started;
      waiting.child.kill('SIGINT');
      expect((await waiting.ended).code).toBe(130);
    });

    it('eval answers one expression, --batch one line each', async () => {
      const one = await command(['eval', '.a[] | . * 2', '-i', '{"a":[1,2]}'], { cwd });
      expect([one.code, one.stdout.trim().split('\n')]).toEqual([0, ['2', '4']]);
      expect((await command(['eval', '.a |'], { cwd })).code).toBe(1);
      const lines = [
        '{"program": ".[]", "input": [1, 2]}',
        '{"program": ".[] | if . > 1 then error(\\"high\\") else . end", "input": [1, 2]}',
        '{"program": ".(", "input": 1}',
        'garbage',
        '',
        '[]',
        '{"program": ".", "input": 1e400}',
      ];
      const batch = await command(['eval', '--batch'], {
        cwd,
        stdin: lines.map((line) => `${line}\n`).join(''),
      });
      expect(batch.code).toBe(0);
      expect(
        batch.stdout
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line) as unknown),
      ).toEqual([
        { outputs: [1, 2] },
        { outputs: [1], error: expect.objectContaining({ message: 'high' }) },
        { outputs: [], error: expect.objectContaining({ message: expect.any(String), line: 1 }) },
        ...Array.from({ length: 3 }, () => ({
          outputs: [],
          error: { message: expect.any(String) },
        })),
        { outputs: [Number.MAX_VALUE] },
      ]);
    });
  });
}
