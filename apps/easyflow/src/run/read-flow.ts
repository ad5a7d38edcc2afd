import { readFile } from 'node:fs/promises';
import {
  compileFlow,
  DocumentSyntaxError,
  FlowInvalidError,
  parseDocument,
  type DocumentIssue,
  type Json,
  type Program,
} from '@easyflow/engine';
import { CommandFailure, exitCodes } from '../cli/exit-codes';

/** Thrown for a flow file that is not a flow that can run. */
export class FlowFileInvalid extends CommandFailure {
  constructor(
    file: string,
    readonly issues: readonly DocumentIssue[],
  ) {
    const places = issues.map(
      ({ pointer, line, message }) =>
        `\n  ${line === undefined ? '' : `line ${line}: `}${pointer} ${message}`,
    );
    super(exitCodes.error, `${file} is not a valid flow:${places.join('')}`);
  }
}

/** Reads and compiles a flow file. @throws CommandFailure */
export async function readFlow(file: string): Promise<Program> {
  const text = await readText(file);
  const mediaType = file.endsWith('.json') ? 'application/json' : 'application/yaml';
  try {
    return compileFlow(parseDocument(text, mediaType));
  } catch (error) {
    if (error instanceof DocumentSyntaxError || error instanceof FlowInvalidError) {
      throw new FlowFileInvalid(file, error.issues);
    }
    throw error;
  }
}

/** Reads a file of data: JSON, or YAML, of which JSON is a part. @throws CommandFailure */
export async function readData(file: string): Promise<Json> {
  const text = await readText(file);
  const mediaType = file.endsWith('.json') ? 'application/json' : 'application/yaml';
  try {
    return parseDocument(text, mediaType).document;
  } catch (error) {
    if (!(error instanceof DocumentSyntaxError)) throw error;
    throw new CommandFailure(exitCodes.usage, `${file} cannot be parsed: ${error.message}`);
  }
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CommandFailure(exitCodes.error, `${file} cannot be read: ${reason}`);
  }
}
