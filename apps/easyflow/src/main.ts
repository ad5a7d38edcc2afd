import { createRequire, enableCompileCache } from 'node:module';

// Before anything else is loaded: most of the time of a short command is spent compiling its modules.
enableCompileCache();

const load = createRequire(__filename);
const { runProgram } = load('./cli/program') as typeof import('./cli/program');

// Whoever reads the output may stop, as `| head -1` does: that is no error, and nobody hears more.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (isGone(error)) process.exit();
  process.stderr.write(`The output cannot be written: ${error.message}\n`);
  process.exit(1);
});

// Messages that nobody can read change nothing: a server whose terminal was closed, or whose log's disk is full, still
// has to run and to stop cleanly.
process.stderr.on('error', () => undefined);

/** The reader of a pipe has gone, or the terminal. */
function isGone({ code }: NodeJS.ErrnoException): boolean {
  return code === 'EPIPE' || code === 'EIO';
}

runProgram(process.argv.slice(2))
  .then((code) => {
    process.exitCode = code;
  })
  .catch((error: unknown) => {
    // Whatever is expected has become an exit code already: this is a defect.
    const shown = error instanceof Error ? (error.stack ?? error.message) : String(error);
    process.stderr.write(`${shown}\n`);
    process.exitCode = 1;
  });
