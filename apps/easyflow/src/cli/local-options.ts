import type { Command } from 'commander';
import { CommandFailure, exitCodes } from './exit-codes';

/** The options of the commands that start a local installation. */
export interface LocalOptions {
  port?: string;
  data?: string;
}

/** Adds the options of LocalOptions. */
export function local(command: Command, dataDir: string): Command {
  return command
    .option('--port <port>', 'port of the API (default: EASYFLOW_HTTP_PORT, then 8080)', port)
    .option('--data <folder>', `data folder (default: EASYFLOW_DATA_DIR, then ${dataDir})`);
}

/** The same as variables: an option wins over the variable. */
export function variablesOf({ port, data }: LocalOptions): Record<string, string> {
  return {
    ...(port === undefined ? {} : { EASYFLOW_HTTP_PORT: port }),
    ...(data === undefined ? {} : { EASYFLOW_DATA_DIR: data }),
  };
}

function port(text: string): string {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return text;
  throw new CommandFailure(exitCodes.usage, `--port ${text} is not a number from 0 to 65535.`);
}
