import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';

const program = path.join(__dirname, '../bin/easyflow.cjs');

it('a reader that stops early is no error', async () => {
  const child = spawn(process.execPath, [program, 'eval', 'range(200000)']);
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  await once(child.stdout, 'data');
  child.stdout.destroy();
  expect([await once(child, 'exit'), errors]).toEqual([[0, null], '']);
});
