import { PassThrough, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { captured } from '../cli/captured.test';
import { caret } from './caret';
import { evaluateBatch } from './evaluate';

describe('easyflow eval', () => {
  it('prints every output on a line', async () => {
    expect(await captured('eval', '.[] | . * 2', '-i', '[1, 2]')).toEqual({
      code: 0,
      stdout: '2\n4\n',
      stderr: '',
    });
    expect(await captured('eval', '.', '-i', '\ufeff[1]')).toMatchObject({ stdout: '[1]\n' });
    expect(await captured('eval', '.', '-i', '1e400')).toMatchObject({
      stdout: `${Number.MAX_VALUE}\n`,
    });
    expect(await captured('eval', '${ . }')).toMatchObject({ code: 0, stdout: 'null\n' });
    const deep = await captured('eval', '1, reduce range(20000) as $i ([]; [.])');
    expect(deep).toMatchObject({ code: 1, stdout: '1\n' });
    expect(deep.stderr).toContain('too deeply');
  });

  it('keeps what came before an error and shows where it is', async () => {
    const result = await captured(
      'eval',
      '.[] | if . == 2 then error("no") else . end',
      '-i',
      '[1, 2, 3]',
    );
    expect(result).toMatchObject({ code: 1, stdout: '1\n' });
    expect(result.stderr.split('\n')[0]).toBe('no');
    expect(await captured('eval', '.a | }')).toEqual({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/\n {2}\.a \| \}\n {7}\^\n$/),
    });
  });

  it('needs an expression or --batch, not both', async () => {
    expect((await captured('eval')).code).toBe(2);
    expect((await captured('eval', '.', '--batch')).code).toBe(2);
  });
});

describe('easyflow eval --batch', () => {
  async function answersTo(pieces: Iterable<string | Buffer>): Promise<unknown[]> {
    const output = new PassThrough();
    const read = text(output);
    await evaluateBatch(Readable.from(pieces), output);
    output.end();
    const lines = (await read).split('\n');
    expect(lines.pop()).toBe('');
    return lines.map((line) => JSON.parse(line) as unknown);
  }

  it('ends a line at a line feed only, wherever its pieces are cut', async () => {
    const input = '\u2028 \u2029 \u0085 😀';
    const requests = `${JSON.stringify({ program: '.', input })}\r\n{"program": "1",\r"input": 2}`;
    const answers = [{ outputs: [input] }, { outputs: [1] }];
    expect(await answersTo([requests])).toEqual(answers);
    const bytes = Buffer.from(`${requests}\n`);
    expect(await answersTo(Array.from(bytes, (byte) => Buffer.of(byte)))).toEqual(answers);
    expect(await answersTo([])).toEqual([]);
  });

  it('goes on after results that cannot be printed', async () => {
    const programs = [
      'reduce range(20000) as $i ([]; [.])',
      'reduce range(60) as $i (1; [., .])',
      '"\\u0001" * 100000000',
      '1',
    ];
    const answers = await answersTo([
      programs.map((p) => JSON.stringify({ program: p })).join('\n'),
    ]);
    expect(answers).toEqual([
      { outputs: [], error: { message: expect.stringContaining('too deeply') } },
      { outputs: [], error: expect.objectContaining({ message: expect.any(String) }) },
      { outputs: [], error: { message: expect.stringContaining('too long') } },
      { outputs: [1] },
    ]);
  });

  it('answers every line', async () => {
    const requests = [
      '{"program": ".a, error(\\"x\\")", "input": {"a": [1]}}',
      '',
      '{"program": "1 +"}',
      'no json',
      '{"input": 1}',
      '{"program": "."}',
      '{"program": ".", "input": [1e400, -1e400]}',
    ];
    const output = new PassThrough();
    const read = text(output);
    await evaluateBatch(Readable.from([requests.join('\n')]), output);
    output.end();
    const answers = (await read)
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as object);
    expect(answers).toEqual([
      { outputs: [[1]], error: expect.objectContaining({ message: 'x' }) },
      { outputs: [], error: { message: expect.stringContaining('not JSON') } },
      { outputs: [], error: { message: expect.any(String), line: 1, column: expect.any(Number) } },
      { outputs: [], error: { message: expect.stringContaining('not JSON') } },
      { outputs: [], error: { message: expect.stringContaining('program') } },
      { outputs: [null] },
      { outputs: [[Number.MAX_VALUE, -Number.MAX_VALUE]] },
    ]);
  });
});

describe('caret', () => {
  it('points at the column of the line', () => {
    expect(caret('a\n\tb c', 2, 4)).toBe('  \tb c\n  \t  ^');
    expect(caret('"日本😀e\u0301" }', 1, 10)).toBe('  "日本😀e\u0301" }\n            ^');
    const cut = caret(`${'a'.repeat(500)}}${'b'.repeat(500)}`, 1, 501);
    expect(cut).toBe(`  …${'a'.repeat(60)}}${'b'.repeat(39)}…\n  ${' '.repeat(61)}^`);
    expect(caret('a'.repeat(500), 1, 501).split('\n')[1]).toBe(`  ${' '.repeat(61)}^`);
  });
});
