import type { Ast, ObjectEntry } from './ast';
import type { Parser } from './parser';

/** An object construction, after its opening brace. */
export function parseObject(parser: Parser, at: number): Ast {
  const entries: ObjectEntry[] = [];
  while (!parser.sees('}')) {
    entries.push(parseEntry(parser));
    if (!parser.accept(',')) break;
  }
  parser.expect('}');
  return { kind: 'object', entries, at };
}

function parseEntry(parser: Parser): ObjectEntry {
  const token = parser.peek();
  const at = token.start;
  if (token.kind === 'variable') {
    parser.next();
    const variable: Ast = { kind: 'variable', name: token.value, at };
    if (parser.accept(':')) return { key: variable, value: parser.entryValue() };
    return { key: { kind: 'literal', value: token.value, at }, value: variable };
  }
  if (token.kind === 'keyword' && token.value === '$__loc__') {
    parser.next();
    const value: Ast = { kind: 'literal', value: parser.location(at), at };
    return { key: { kind: 'literal', value: '__loc__', at }, value };
  }
  if (parser.accept('(')) {
    const keyAt = parser.peek().start;
    const key = parser.query();
    parser.expectAfterQuery(')');
    parser.expect(':');
    const value = parser.entryValue();
    parser.checkKey(key, keyAt);
    return { key, value };
  }
  const key = parser.simpleKey();
  if (parser.accept(':')) return { key, value: parser.entryValue() };
  if (!parser.sees(',') && !parser.sees('}')) parser.unexpected("'}'");
  return { key, value: undefined };
}
