#!/usr/bin/env node
'use strict';
// Plain JavaScript that every Node can read: it hands over to the Node 24 that npm installed,
// because the machine's own may be older, and to the compiled command line.
const { spawn } = require('node:child_process');
const { existsSync } = require('node:fs');
const path = require('node:path');

// Half of the threads look names up for the calls of flows; read when the first of them is used.
if (process.argv[2] === 'dev') process.env.UV_THREADPOOL_SIZE ??= '32';

const entry = path.join(__dirname, '..', 'dist', 'main.js');
if (!existsSync(entry)) {
  process.stderr.write('easyflow is not built yet. Run: npm run build\n');
  process.exit(1);
}

if (Number(process.versions.node.split('.')[0]) >= 24) {
  require(entry);
} else {
  const node = path.join(path.dirname(require.resolve('node/package.json')), 'bin', 'node');
  const child = spawn(node, [__filename, ...process.argv.slice(2)], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
    process.on(signal, () => child.kill(signal));
  child.on('error', (error) => {
    process.stderr.write(`Node 24 did not start: ${error.message}\n  Fix: npm rebuild node\n`);
    process.exit(1);
  });
  child.on('exit', (code, signal) => {
    if (signal) {
      process.removeAllListeners(signal);
      process.kill(process.pid, signal);
    } else process.exit(code ?? 1);
  });
}
