import type { Json } from '@easyflow/expressions';
import { locateJsonError, pointerFragment } from '@easyflow/kernel-errors';
import { DocumentSyntaxError } from './document-issue';
import { pointerKeys, pointerTo } from './json-pointer';
import { MOST_LEVELS, tooDeep, type ParsedDocument } from './parsed-document';

/** Reads JSON (RFC 8259). `JSON.parse` judges the syntax; a scan finds the lines and duplicate keys. */
export function readJson(source: string): ParsedDocument {
  // Some editors write a byte order mark; RFC 8259 allows to ignore it, and YAML does.
  const text = source.startsWith('\ufeff') ? source.slice(1) : source;
  let document: Json;
  try {
    document = JSON.parse(text) as Json;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw syntaxError(text);
  }
  const lines = scan(text);
  return { document, line: (pointer) => nearestLine(lines, pointer) };
}

function syntaxError(text: string): DocumentSyntaxError {
  const { message, line, column } = locateJsonError(text);
  return new DocumentSyntaxError([
    { pointer: '#', line, message: `${message} at column ${column}` },
  ]);
}

interface Level {
  pointer: string;
  /** Keys seen, for an object; undefined for an array. */
  keys: Set<string> | undefined;
  /** Key or index the next value belongs to. */
  at: string | number;
  expectKey: boolean;
}

/**
 * Strings, brackets, separators and line breaks are all that matter in a text known to be JSON. A string may lack its
 * end, which it never does in JSON: what begins like one never fails, so no text makes the scan start again.
 */
const TOKEN = /"[^"\\]*(?:\\[^][^"\\]*)*"?|[{}[\],:\n]|[^\s{}[\],:"]+/g;

const NUMBER = /^-?\d/;

/** The line of every key and item, by pointer. @throws DocumentSyntaxError for duplicates and depth. */
function scan(text: string): Map<string, number> {
  const lines = new Map<string, number>([['', 1]]);
  const levels: Level[] = [];
  let line = 1;
  for (const [token] of text.matchAll(TOKEN)) {
    const top = levels.at(-1);
    if (token === '\n') line += 1;
    else if (token === ',' && top) next(top);
    else if (token === '}' || token === ']') levels.pop();
    else if (token === ':' && top) top.expectKey = false;
    else if (top?.expectKey) readKey(top, token, line, lines);
    else {
      const pointer = top ? pointerTo(top.pointer, top.at) : '';
      if (!lines.has(pointer)) lines.set(pointer, line);
      if (NUMBER.test(token) && !Number.isFinite(Number(token))) {
        const message = 'The number is larger than a double can hold';
        throw new DocumentSyntaxError([{ pointer: pointerFragment(pointer), line, message }]);
      }
      if (token === '{' || token === '[') {
        if (levels.length >= MOST_LEVELS) throw tooDeep(pointer, line);
        const isObject = token === '{';
        levels.push({
          pointer,
          keys: isObject ? new Set() : undefined,
          at: isObject ? '' : 0,
          expectKey: isObject,
        });
      }
    }
  }
  return lines;
}

function next(level: Level): void {
  if (level.keys) level.expectKey = true;
  else level.at = Number(level.at) + 1;
}

function readKey(level: Level, token: string, line: number, lines: Map<string, number>): void {
  const key = JSON.parse(token) as string;
  const pointer = pointerTo(level.pointer, key);
  if (level.keys?.has(key)) {
    throw new DocumentSyntaxError([
      {
        pointer: pointerFragment(pointer),
        line,
        message: `The key "${key}" stands twice in one object`,
      },
    ]);
  }
  level.keys?.add(key);
  level.at = key;
  lines.set(pointer, line);
}

function nearestLine(lines: Map<string, number>, pointer: string): number | undefined {
  const keys = pointerKeys(pointer);
  for (let length = keys.length; length >= 0; length -= 1) {
    const line = lines.get(keys.slice(0, length).reduce(pointerTo, ''));
    if (line !== undefined) return line;
  }
  return undefined;
}
