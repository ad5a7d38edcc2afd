import { createRequire } from 'node:module';
import { Option, type Command } from 'commander';
import { CommandFailure, exitCodes } from '../cli/exit-codes';
import type { RunOptions } from './run-file';

/** What a timer can hold: 24 days. A longer one would be over at once. */
const LONGEST_TIMEOUT = 2_147_483;

const load = createRequire(__filename);

/** `easyflow run FILE`. */
export function register(program: Command): void {
  program
    .command('run')
    .description('run a flow file here and now, in memory, without any server')
    .argument('<file>', 'the flow: YAML, or JSON when its name ends in .json')
    .option('-i, --input <json|@file>', 'the input (default: {})')
    .option('--with <file>', 'a flow that the flow may run (repeatable)', append, [])
    .option('--secrets <file>', 'the secrets: a JSON or YAML object')
    .option('--events <file>', 'events for the flow: a JSON array of CloudEvents')
    .option('--timeout <seconds>', 'stop waiting after this time, with exit code 8', seconds)
    .addOption(new Option('-o, --output <format>', 'how to print').choices(['json']))
    .action(async (file: string, options: RunOptions) => {
      const { runFile } = load('./run-file') as typeof import('./run-file');
      const code = await runFile(file, options);
      if (code !== exitCodes.ok) throw new CommandFailure(code, '');
    });
}

function append(value: string, before: string[]): string[] {
  return [...before, value];
}

function seconds(value: string): number {
  const parsed = Number(value);
  if (value.trim() !== '' && Number.isFinite(parsed) && parsed >= 0)
    return Math.min(parsed, LONGEST_TIMEOUT);
  throw new CommandFailure(exitCodes.usage, `--timeout ${value} is not a number of seconds`);
}
