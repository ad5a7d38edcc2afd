import { createRequire } from 'node:module';
import { type CallHttpEffect, type Json, type Program, type Signal } from '@easyflow/engine';
import type { HttpCaller } from '@easyflow/platform-http';
import { CommandFailure, exitCodes, type ExitCode } from '../cli/exit-codes';
import { readJsonArgument } from '../cli/json-argument';
import { FlowShelf } from './flow-shelf';
import { MemoryRunner, type MemoryExecution, type Outcome } from './memory-runner';
import { FlowFileInvalid, readData, readFlow } from './read-flow';

const load = createRequire(__filename);

export interface RunOptions {
  input?: string;
  with: string[];
  secrets?: string;
  events?: string;
  /** Seconds. */
  timeout?: number;
  output?: 'json';
}

/** Runs a flow file to its end and prints what came out. @throws CommandFailure */
export async function runFile(file: string, options: RunOptions): Promise<ExitCode> {
  const input = (options.input === undefined ? {} : await readJsonArgument(options.input)) as Json;
  const secrets = await readSecrets(options.secrets);
  await checkEvents(options.events);
  const programs = await readFlows([file, ...options.with], options);
  const [program] = programs ?? [];
  if (!programs || !program) return exitCodes.error;
  process.stderr.write('Calls to this machine (loopback addresses) are allowed in this run.\n');
  const calls = new LazyCaller();
  const runner = new MemoryRunner({
    flows: new FlowShelf(programs),
    call: (effect, signal) => calls.perform(effect, signal),
    ...(secrets !== undefined && { secrets }),
  });
  const execution = runner.start(program, input);
  const stop = await firstOf(execution, runner, options.timeout);
  const outcome = execution.current();
  runner.stop();
  await execution.ended;
  await calls.close();
  print({ ...outcome, emitted: runner.emitted });
  return stop ?? exitCodeOf(outcome);
}

/** Waits for the end; gives the exit code of what came before it: the time limit or an interrupt. */
async function firstOf(
  execution: MemoryExecution,
  runner: MemoryRunner,
  timeout: number | undefined,
): Promise<ExitCode | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<ExitCode | undefined>();
  const interrupt = (): void => resolve(exitCodes.interrupt);
  const timer =
    timeout === undefined
      ? undefined
      : setTimeout(() => resolve(exitCodes.timeout), timeout * 1_000);
  process.once('SIGINT', interrupt);
  execution.ended
    .then(() => runner.settle())
    .then(() => resolve(undefined))
    .catch(reject);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    process.removeListener('SIGINT', interrupt);
  }
}

function exitCodeOf({ status }: Outcome): ExitCode {
  return status === 'completed' ? exitCodes.ok : exitCodes.executionFailed;
}

/** The flows of the files; undefined when one is invalid, which has been told as JSON. */
async function readFlows(
  files: readonly string[],
  { output }: RunOptions,
): Promise<Program[] | undefined> {
  try {
    return await Promise.all(files.map(readFlow));
  } catch (error) {
    if (output !== 'json' || !(error instanceof FlowFileInvalid)) throw error;
    print({ errors: error.issues });
    return undefined;
  }
}

async function readSecrets(file: string | undefined): Promise<Json | undefined> {
  if (file === undefined) return undefined;
  const secrets = await readData(file);
  if (typeof secrets === 'object' && secrets !== null && !Array.isArray(secrets)) return secrets;
  throw new CommandFailure(exitCodes.usage, `${file} must hold an object: the secrets by name`);
}

async function checkEvents(file: string | undefined): Promise<void> {
  if (file === undefined) return;
  const events = await readData(file);
  if (Array.isArray(events) && events.every(isCloudEvent)) return;
  throw new CommandFailure(
    exitCodes.usage,
    `${file} must hold an array of CloudEvents, each with specversion "1.0", id, source and type`,
  );
}

function isCloudEvent(event: Json): boolean {
  if (typeof event !== 'object' || event === null || Array.isArray(event)) return false;
  const attributes = ['id', 'source', 'type'].map((name) => event[name]);
  return event.specversion === '1.0' && attributes.every((value) => typeof value === 'string');
}

/** @throws CommandFailure when no text can hold the result */
function print(result: object): void {
  let text: string;
  try {
    text = JSON.stringify(result, null, 2);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const problem = 'The result cannot be printed: it is too large or nested too deeply';
    throw new CommandFailure(exitCodes.error, `${problem} (${error.message})`);
  }
  process.stdout.write(`${text}\n`);
}

/** Loads the HTTP client with the first call: a flow without calls ends before that would be loaded. */
class LazyCaller {
  private caller: HttpCaller | undefined;

  async perform(effect: CallHttpEffect, signal: AbortSignal): Promise<Signal> {
    this.caller ??= loadCaller();
    return this.caller.perform(effect, { tenantId: 'local', signal });
  }

  async close(): Promise<void> {
    await this.caller?.close();
  }
}

function loadCaller(): HttpCaller {
  const http = load('@easyflow/platform-http') as typeof import('@easyflow/platform-http');
  return new http.HttpCaller({
    policy: { allowLoopback: true, allowPrivate: false },
    // Here whoever runs the flow is the operator too.
    log: { info: (fields, what) => process.stderr.write(`${what}: ${JSON.stringify(fields)}\n`) },
  });
}
