import type { ParsedDocument } from './parsed-document';
import { readJson } from './read-json';
import { readYaml } from './read-yaml';

/**
 * Parses the text of a flow document: YAML 1.2 (core schema; no merge keys, no custom tags) or JSON.
 * Duplicate keys are refused; `__proto__` is an ordinary key.
 * @throws DocumentSyntaxError
 */
export function parseDocument(
  text: string,
  mediaType: 'application/yaml' | 'application/json',
): ParsedDocument {
  return mediaType === 'application/json' ? readJson(text) : readYaml(text);
}
