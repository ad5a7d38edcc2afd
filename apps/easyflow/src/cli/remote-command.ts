import { Option, type Command } from 'commander';
import { readClientVariables } from '@easyflow/platform-config';
import { ApiClient } from '../client/api-client';
import { ApiError, ServerUnreachableError } from '../client/api-error';
import { readClientSettings } from '../client/client-settings';
import { CommandFailure, exitCodes } from './exit-codes';
import { outputFormats, type OutputFormat } from './output';

/** The options every command that talks to a server has. */
export interface RemoteOptions {
  url?: string;
  apiKey?: string;
  adminKey?: string;
  output: OutputFormat;
}

/** Adds the options of RemoteOptions. */
export function remote(command: Command, defaultOutput: OutputFormat = 'table'): Command {
  return command
    .option('--url <url>', 'the server (default: EASYFLOW_URL, then the local server)')
    .option('--api-key <key>', 'API key or access token (default: EASYFLOW_API_KEY)')
    .addOption(
      new Option('-o, --output <format>', 'how to print')
        .choices(outputFormats)
        .default(defaultOutput),
    );
}

/** Runs one command against the server; turns every way it can fail into a message and an exit code. */
export async function withServer(
  options: RemoteOptions,
  work: (client: ApiClient) => Promise<void>,
): Promise<void> {
  const settings = await readClientSettings(
    { url: options.url, apiKey: options.apiKey, adminKey: options.adminKey },
    readClientVariables(),
  );
  try {
    await work(new ApiClient(settings));
  } catch (error) {
    if (error instanceof ApiError) {
      throw new CommandFailure(error.exitCode, describe(error));
    }
    if (error instanceof ServerUnreachableError) {
      throw new CommandFailure(exitCodes.error, error.message);
    }
    throw error;
  }
}

function describe(error: ApiError): string {
  const { code, traceId, errors } = error.problem;
  const places = (errors ?? []).map(
    ({ pointer, line, message }) =>
      `\n  ${pointer}${line === undefined ? '' : ` (line ${line})`}: ${message}`,
  );
  const trace = traceId ? `\n  trace ${traceId}` : '';
  return `${error.message}${code ? ` [${code}]` : ''}${places.join('')}${trace}`;
}
