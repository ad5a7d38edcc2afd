import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Command } from 'commander';
import { ApiError } from '../../client/api-error';
import { CommandFailure, exitCodes } from '../exit-codes';
import { printItem, type OutputFormat } from '../output';
import { remote, withServer, type RemoteOptions } from '../remote-command';
import type { FlowItem } from './flows';

/** `easyflow apply -f FILE…`: publishes flow versions. */
export function register(program: Command): void {
  remote(program.command('apply').description('publish flow versions'))
    .requiredOption('-f, --file <file...>', 'flow documents, YAML or JSON')
    .option('--no-activate', 'publish without activating')
    .action(async (options: RemoteOptions & { file: string[]; activate: boolean }) => {
      await withServer(options, async (client) => {
        for (const file of options.file) {
          const { status, body } = await client
            .request<FlowItem>(`/v1/flows${options.activate ? '' : '?activate=false'}`, {
              method: 'POST',
              document: { text: await read(file), mediaType: mediaType(file) },
            })
            .catch((error: unknown) => {
              if (!(error instanceof ApiError)) throw error;
              printErrors(error, options.output);
              throw error.about(file);
            });
          if (options.output !== 'table') {
            printItem(body, options.output);
            continue;
          }
          const done = status === 201 ? 'created' : 'unchanged';
          process.stdout.write(
            `${done} ${body.namespace}/${body.name} ${body.version}${body.active ? ' (active)' : ''}\n`,
          );
        }
      });
    });
}

/** What is wrong with a document is data, for programs too; the message on standard error is for people. */
function printErrors(error: ApiError, output: OutputFormat): void {
  if (!error.problem.errors || output === 'table') return;
  printItem({ errors: error.problem.errors }, output);
}

async function read(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((error: Error) => {
    throw new CommandFailure(exitCodes.usage, `${file} cannot be read: ${error.message}`);
  });
}

function mediaType(file: string): string {
  return path.extname(file).toLowerCase() === '.json' ? 'application/json' : 'application/yaml';
}
