import { waitFor } from '@easyflow/testing';
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  constants,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { BoundedOutput } from './bounded-output';
import { logger } from './logger';

describe('BoundedOutput', () => {
  let folder: string;
  const open: number[] = [];
  const noteOf = (dropped: number): string => `dropped ${dropped}\n`;

  beforeEach(() => (folder = mkdtempSync(path.join(tmpdir(), 'easyflow-output-'))));
  afterEach(() => {
    for (const fd of open.splice(0)) closeSync(fd);
    rmSync(folder, { recursive: true });
  });

  function fileOf(name: string, flags: string | number): number {
    const fd = openSync(name, flags);
    open.push(fd);
    return fd;
  }

  it('writes lines to a file in their order', async () => {
    const file = path.join(folder, 'log');
    const output = new BoundedOutput(fileOf(file, 'a'), { noteOf });
    const lines = Array.from({ length: 5_000 }, (_, n) => `line ${n}\n`);
    for (const line of lines) output.write(line);
    const whole = lines.join('');
    await waitFor(() => readFileSync(file, 'utf8') === whole, { describe: 'the lines' });
    expect(output.droppedLines).toBe(0);
  });

  it('writes what waits at the end of the process', () => {
    const file = path.join(folder, 'log');
    const output = new BoundedOutput(fileOf(file, 'a'), { noteOf });
    output.write('one\n');
    output.write('two\n');
    output.flushSync();
    expect(readFileSync(file, 'utf8')).toContain('two\n');
  });

  it('drops lines, and says how many, while nobody reads a pipe', async () => {
    const fifo = path.join(folder, 'pipe');
    execFileSync('mkfifo', [fifo]);
    // Open at both ends, so that neither waits for the other; and blocking, as a shell's pipe is.
    const pipe = fileOf(fifo, constants.O_RDWR);
    const output = new BoundedOutput(pipe, { noteOf, mostWaiting: 10_000 });
    const line = `${'x'.repeat(99)}\n`;
    let written = 0;
    while (output.droppedLines < 50) {
      for (let count = 0; count < 100; count += 1) output.write(line);
      written += 100;
      await new Promise(setImmediate);
    }
    const { droppedLines } = output;
    let text = '';
    await waitFor(
      () => {
        const part = Buffer.alloc(65_536);
        const ready = fileOf(fifo, constants.O_RDONLY | constants.O_NONBLOCK);
        try {
          text += part.subarray(0, readSync(ready, part)).toString();
        } catch {
          // Nothing is there yet.
        }
        return text.includes('dropped');
      },
      { describe: 'the note', every: 5 },
    );
    expect(text).toContain(`dropped ${droppedLines}\n`);
    const kept = text.split('\n').filter((one) => one === 'x'.repeat(99)).length;
    expect(kept + droppedLines).toBe(written);
  });

  it('neither fails nor keeps what a full disk does not take', async () => {
    const output = new BoundedOutput(fileOf('/dev/full', 'w'), { noteOf, mostWaiting: 1_000 });
    for (let count = 0; count < 100; count += 1) output.write(`${'x'.repeat(49)}\n`);
    await waitFor(() => output.droppedLines >= 80, { describe: 'the drops' });
    output.flushSync();
  });

  it('is where a logger may write that must not end its process', async () => {
    const output = new BoundedOutput(fileOf('/dev/full', 'w'), { noteOf });
    const log = logger('gateway', { destination: output });
    log.error('nobody hears this');
    await waitFor(() => output.droppedLines === 1, { describe: 'the drop' });
  });
});
