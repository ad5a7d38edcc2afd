import { createRequire } from 'node:module';
import type { Command } from 'commander';
import { CommandFailure, exitCodes } from '../cli/exit-codes';
import { readJsonArgument } from '../cli/json-argument';

interface EvalOptions {
  input?: string;
  batch?: boolean;
}

const load = createRequire(__filename);

/** `easyflow eval EXPR` and `easyflow eval --batch`. */
export function register(program: Command): void {
  program
    .command('eval')
    .description('evaluate a jq expression as a flow would')
    .argument('[expression]', 'a jq program, with or without ${ } around it')
    .option('-i, --input <json|@file>', 'the input (default: null)')
    .option('--batch', 'read lines {"program", "input"} and answer each with {"outputs", "error"?}')
    .action(async (expression: string | undefined, options: EvalOptions) => {
      if (
        options.batch
          ? expression !== undefined || options.input !== undefined
          : expression === undefined
      ) {
        throw new CommandFailure(exitCodes.usage, 'Give either an expression or --batch alone');
      }
      const { evaluateBatch, evaluateOnce } = load('./evaluate') as typeof import('./evaluate');
      if (expression === undefined) await evaluateBatch(process.stdin, process.stdout);
      else {
        const input = options.input === undefined ? null : await readJsonArgument(options.input);
        evaluateOnce(expression, input);
      }
    });
}
