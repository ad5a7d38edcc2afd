import type { Ast, Pattern, PatternEntry } from './ast';
import type { Parser } from './parser';

/** One or more patterns, joined by `?//`. */
export function parsePatterns(parser: Parser): readonly Pattern[] {
  const patterns = [parsePattern(parser)];
  while (parser.accept('?//')) patterns.push(parsePattern(parser));
  return patterns;
}

function parsePattern(parser: Parser): Pattern {
  const token = parser.peek();
  const at = token.start;
  if (token.kind === 'variable') {
    parser.next();
    return { kind: 'variable', name: token.value, at };
  }
  if (parser.accept('[')) {
    const items = [parsePattern(parser)];
    while (parser.accept(',')) items.push(parsePattern(parser));
    parser.expect(']', "',' or ']'");
    return { kind: 'array', items, at };
  }
  if (parser.accept('{')) {
    const entries = [parseEntry(parser)];
    while (parser.accept(',')) entries.push(parseEntry(parser));
    parser.expect('}', "',' or '}'");
    return { kind: 'object', entries, at };
  }
  return parser.unexpected("BINDING or '[' or '{'");
}

function parseEntry(parser: Parser): PatternEntry {
  const token = parser.peek();
  const at = token.start;
  if (token.kind === 'variable') {
    parser.next();
    const key: Ast = { kind: 'literal', value: token.value, at };
    const value = parser.accept(':') ? parsePattern(parser) : undefined;
    return { key, variable: token.value, value };
  }
  const key = parseKey(parser);
  parser.expect(':');
  return { key, variable: undefined, value: parsePattern(parser) };
}

function parseKey(parser: Parser): Ast {
  if (!parser.accept('(')) return parser.simpleKey();
  const { start } = parser.peek();
  const key = parser.query();
  parser.expectAfterQuery(')');
  parser.checkKey(key, start);
  return key;
}
