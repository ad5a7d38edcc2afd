import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

const cli = path.join(__dirname, '../apps/easyflow/bin/easyflow.cjs');
const COMMAND = /`npx easyflow (run examples\/[^`]+)`/g;

interface Result {
  code: number;
  printed: { status: string; output?: unknown; error?: unknown; emitted: unknown[] };
}

/** What each printed command must print and exit with, by its last file or its flow. */
const expected: Record<string, { code: number; printed: object }> = {
  'order-fulfilment/input.json': {
    code: 0,
    printed: {
      output: { status: 'shipped', order: 'o-1', payment: expect.any(String), carrier: 'snail' },
    },
  },
  'order-fulfilment/undeliverable.json': {
    code: 0,
    printed: { output: { status: 'cancelled', order: 'o-2', reason: 'Unprocessable Entity' } },
  },
  'daily-report/flow.yaml': {
    code: 0,
    printed: {
      output: {
        day: expect.stringMatching(/^\d{4}-\d\d-\d\d$/),
        byProduct: { cake: 30, tea: 20 },
        total: 50,
      },
    },
  },
  'currency-loop/input.json': {
    code: 0,
    printed: {
      output: {
        converted: [
          { amount: 11, currency: 'USD', euros: 10 },
          { amount: 17, currency: 'GBP', euros: 20 },
        ],
        unknown: ['XYZ'],
      },
    },
  },
  'delayed-reminder/input.json': { code: 0, printed: { output: { reminded: 'ada@example.com' } } },
  'sub-flow/input.json': { code: 0, printed: { output: { customer: 'c1', total: 200 } } },
  'error-handling/input.json': {
    code: 0,
    printed: { output: { slow: 'gave up', missing: 'Not Found', at: '/do/2/missing/try/0/find' } },
  },
  'error-handling/too-young.json': {
    code: 3,
    printed: {
      status: 'faulted',
      error: { status: 422, title: 'Too young', detail: '7 is under 18' },
    },
  },
  'order-events/input.json': {
    code: 0,
    printed: {
      output: { announced: 'o-7' },
      emitted: [{ subject: 'o-7/0' }, { subject: 'o-7/1' }, { data: { lines: 2 } }],
    },
  },
};

// Each runs a process of its own.
jest.setTimeout(60_000);

describe('the examples', () => {
  let service: ChildProcess;
  let folder: string;
  let commands: string[];

  beforeAll(async () => {
    service = spawn(
      process.execPath,
      [path.join(__dirname, 'service/service.mjs'), '--port', '0'],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    const [line] = (await once(service.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
    const origin = /http:\/\/\S+/.exec(line.toString())?.[0] ?? '';
    // The flows name the port that people use; here they get the one that was free.
    folder = await mkdtemp(path.join(tmpdir(), 'easyflow-examples-'));
    await cp(__dirname, path.join(folder, 'examples'), { recursive: true });
    for (const file of await readdir(folder, { recursive: true })) {
      if (!file.endsWith('.yaml')) continue;
      const text = await readFile(path.join(folder, file), 'utf8');
      await writeFile(path.join(folder, file), text.replaceAll('http://127.0.0.1:4010', origin));
    }
    const readme = await readFile(path.join(__dirname, 'README.md'), 'utf8');
    commands = [...readme.matchAll(COMMAND)].map((match) => match[1] ?? '');
  });
  afterAll(async () => {
    service.kill();
    await rm(folder, { recursive: true, force: true });
  });

  const run = (command: string): Promise<Result> =>
    new Promise((resolve, reject) => {
      execFile(
        process.execPath,
        [cli, ...command.split(' ')],
        { cwd: folder },
        (error, stdout, stderr) => {
          try {
            resolve({
              code: error ? Number(error.code) : 0,
              printed: JSON.parse(stdout) as Result['printed'],
            });
          } catch (cause) {
            reject(new Error(`${command}: ${stderr}`, { cause }));
          }
        },
      );
    });

  it('all have a command in the README', async () => {
    const entries = await readdir(__dirname, { withFileTypes: true });
    const names = entries.filter((entry) => entry.isDirectory() && entry.name !== 'service');
    for (const { name } of names) {
      expect(commands.some((command) => command.includes(`examples/${name}/`))).toBe(true);
    }
    expect(commands).toHaveLength(Object.keys(expected).length);
  });

  it.each(Object.keys(expected))('%s', async (file) => {
    const command = commands.find((printed) => printed.endsWith(`examples/${file}`));
    expect(command).toBeDefined();
    const { code, printed } = await run(command ?? '');
    expect(printed).toMatchObject(expected[file]?.printed ?? {});
    expect(code).toBe(expected[file]?.code);
  });
});
