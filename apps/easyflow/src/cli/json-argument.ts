import { readFile } from 'node:fs/promises';
import { CommandFailure, exitCodes } from './exit-codes';
import { parseJson } from './parse-json';

/**
 * The value of an option that takes `JSON` or `@FILE`.
 * @throws CommandFailure (usage) when the file cannot be read or the text is not JSON
 */
export async function readJsonArgument(argument: string): Promise<unknown> {
  const file = argument.startsWith('@') ? argument.slice(1) : undefined;
  const text =
    file === undefined
      ? argument
      : await readFile(file, 'utf8').catch((error: Error) => {
          throw new CommandFailure(exitCodes.usage, `${file} cannot be read: ${error.message}`);
        });
  try {
    return parseJson(text);
  } catch (error) {
    const where = file ?? 'the input';
    throw new CommandFailure(exitCodes.usage, `${where} is not JSON: ${(error as Error).message}`);
  }
}
