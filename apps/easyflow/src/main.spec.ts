import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import path from 'node:path';
import { text } from 'node:stream/consumers';

const program = path.join(__dirname, '../bin/easyflow.cjs');

it('a reader that stops early is no error', async () => {
  const child = spawn(process.execPath, [program, 'eval', 'range(200000)']);
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  await once(child.stdout, 'data');
  child.stdout.destroy();
  expect([await once(child, 'exit'), errors]).toEqual([[0, null], '']);
});

it('messages that nobody reads change nothing', async () => {
  const flow = path.join(__dirname, '../../../examples/order-events/flow.yaml');
  const input = JSON.stringify({ order: 'o-7', lines: [{ item: 'tea', count: 2 }] });
  const child = spawn(process.execPath, [program, 'run', flow, '-i', input]);
  child.stderr.destroy();
  const output = text(child.stdout);
  const ended = once(child, 'exit');
  expect([await ended, await output]).toEqual([[0, null], expect.stringContaining('"completed"')]);
});

it('output that cannot be written is told', async () => {
  const full = openSync('/dev/full', 'w');
  const child = spawn(process.execPath, [program, 'eval', '1'], {
    stdio: ['ignore', full, 'pipe'],
  });
  closeSync(full);
  const errors = child.stderr ? text(child.stderr) : '';
  const ended = once(child, 'exit');
  expect([await ended, await errors]).toEqual([
    [1, null],
    expect.stringMatching(/^The output cannot be written: ENOSPC.*\n$/),
  ]);
});
