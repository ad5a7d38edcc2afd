import { jsonExcess } from '../json-nesting';
import { CallFailure, type JsonValue } from './http-call';

/** Levels of nesting a JSON response may have; what recurses over it later would end its stack. */
const MOST_LEVELS = 200;

/** Objects and lists it may have: what parses them holds up the process, some 50 ms for so many. */
const MOST_CONTAINERS = 400_000;

const JSON_TYPE = /^application\/(?:json|[\w.+-]+\+json)$/;
const TEXT_TYPE =
  /^(?:text\/.*|application\/(?:xml|[\w.+-]+\+xml|yaml|x-yaml|javascript|x-www-form-urlencoded|graphql|sql))$/;

/** Reads a body up to a size. @throws CallFailure when it is larger */
export async function readBody(body: AsyncIterable<Uint8Array>, maxBytes: number): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of body) {
    size += part.byteLength;
    if (size > maxBytes) {
      throw new CallFailure(
        'communication',
        502,
        'Response Too Large',
        `The response is larger than ${maxBytes} bytes`,
      );
    }
    parts.push(part);
  }
  return Buffer.concat(parts);
}

/**
 * The content of a response: JSON parsed, text as text, anything else in base64; null when there is none.
 * @throws CallFailure when what claims to be JSON is not
 */
export function contentOf(body: Buffer, contentType: string | undefined): JsonValue {
  if (body.byteLength === 0) return null;
  const type = (contentType ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  if (JSON_TYPE.test(type)) return parseJson(body.toString('utf8'));
  return TEXT_TYPE.test(type) ? decode(body, contentType) : body.toString('base64');
}

function decode(body: Buffer, contentType: string | undefined): string {
  const charset = /charset="?([^";\s]+)/i.exec(contentType ?? '')?.[1] ?? 'utf-8';
  try {
    return new TextDecoder(charset).decode(body);
  } catch (error) {
    // An encoding nobody knows: the text is most likely readable as UTF-8.
    if (error instanceof RangeError) return body.toString('utf8');
    throw error;
  }
}

function parseJson(text: string): JsonValue {
  const excess = jsonExcess(text, { levels: MOST_LEVELS, containers: MOST_CONTAINERS });
  if (excess) {
    const detail =
      excess === 'levels'
        ? `The response is nested over ${MOST_LEVELS} levels deep`
        : `The response has over ${MOST_CONTAINERS} objects and lists`;
    throw new CallFailure('communication', 502, 'Invalid Response', detail);
  }
  try {
    return JSON.parse(text) as JsonValue;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const detail = `The response is not the JSON it claims to be: ${error.message}`;
    throw new CallFailure('communication', 502, 'Invalid Response', detail);
  }
}
