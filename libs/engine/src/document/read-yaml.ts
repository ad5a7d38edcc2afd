import type { Json } from '@easyflow/expressions';
import { pointerFragment } from '@easyflow/kernel-errors';
import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Composer,
  Lexer,
  LineCounter,
  Parser,
  visit,
  type Alias,
  type CST,
  type Document,
  type ParsedNode,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml';
import { DocumentSyntaxError, MOST_ISSUES, type DocumentIssue } from './document-issue';
import { pointerKeys, pointerTo } from './json-pointer';
import { MOST_LEVELS, tooDeep, type ParsedDocument } from './parsed-document';

/**
 * Values that aliases may add to a document. Without a bound nine lines of nested aliases expand to
 * billions of values; a flow that repeats a fragment a few hundred times stays far below it.
 */
const MOST_ALIASED_VALUES = 10_000;

/** Characters of texts and keys that aliases may add: 5,000 aliases of a text of 50 kB are 250 MB as JSON. */
const MOST_ALIASED_CHARACTERS = 1_000_000;

/**
 * Words, brackets, spaces and line breaks a text may have: three times what 600 kB of tasks have. The library takes some
 * 10 µs and 0.5 kB for each.
 */
const MOST_TOKENS = 500_000;

/** Reads YAML. @throws DocumentSyntaxError */
export function readYaml(text: string): ParsedDocument {
  const lines = new LineCounter();
  const documents = compose(text, lines);
  const [document] = documents;
  if (!document?.contents)
    throw new DocumentSyntaxError([{ pointer: '#', message: 'The document is empty' }]);
  const lineAt = (offset: number): number => lines.linePos(offset).line;
  refuseSyntax(document, lineAt);
  const second = documents[1];
  if (second) {
    const message = 'The text holds several YAML documents; apply them one by one';
    throw new DocumentSyntaxError([{ pointer: '#', line: lineAt(second.range[0]), message }]);
  }
  const walk = new YamlWalk(document, lineAt);
  const value = walk.value(document.contents, '', 1, false);
  const root = document.contents;
  return { document: value, line: (pointer) => walk.line(root, pointer) };
}

/** The first two documents of a text. */
function compose(text: string, lines: LineCounter): Document.Parsed<ParsedNode>[] {
  // Duplicate keys are found by the walk below: the library compares every pair of keys of a map.
  const options = {
    version: '1.2',
    schema: 'core',
    merge: false,
    uniqueKeys: false,
    lineCounter: lines,
    prettyErrors: false,
  } as const;
  const composer = new Composer<ParsedNode>(options);
  const limit = Error.stackTraceLimit;
  // The library makes an error for everything that is wrong: half a million in the worst text, six times slower with
  // stack traces.
  Error.stackTraceLimit = 0;
  try {
    const found: Document.Parsed<ParsedNode>[] = [];
    for (const document of composer.compose(shallowTokens(text, lines), true, text.length)) {
      found.push(document);
      if (found.length > 1) break;
    }
    return found;
  } finally {
    Error.stackTraceLimit = limit;
  }
}

/**
 * The library's own parser, stopped where the nesting is far too deep: what comes after it recurses, and took six
 * seconds to fail on 400 kB of brackets. The walk below names the place of what is only somewhat too deep.
 */
function* shallowTokens(text: string, lines: LineCounter): Generator<CST.Token> {
  const parser = new Parser(lines.addNewLine);
  lines.addNewLine(0);
  let tokens = 0;
  const wrong: DocumentIssue[] = [];
  for (const lexeme of new Lexer().lex(text)) {
    tokens += 1;
    if (tokens > MOST_TOKENS) throw tooDense(lines.linePos(parser.offset).line);
    for (const token of parser.next(lexeme)) {
      if (token.type !== 'error') yield token;
      else wrong.push(wrongToken(token, lines));
    }
    if (wrong.length >= MOST_ISSUES) throw new DocumentSyntaxError(wrong);
    if (parser.stack.length > 3 * MOST_LEVELS) throw tooDeep('', lines.linePos(parser.offset).line);
  }
  yield* parser.end();
  if (wrong.length > 0) throw new DocumentSyntaxError(wrong);
}

function wrongToken({ message, offset }: CST.ErrorToken, lines: LineCounter): DocumentIssue {
  return { pointer: '#', line: lines.linePos(offset).line, message };
}

function tooDense(line: number): DocumentSyntaxError {
  const message = `The YAML consists of over ${MOST_TOKENS} tokens; split it, or send it as JSON`;
  return new DocumentSyntaxError([{ pointer: '#', line, message }]);
}

function refuseSyntax(
  document: Document.Parsed<ParsedNode>,
  lineAt: (offset: number) => number,
): void {
  const wrong = [...document.errors, ...document.warnings].slice(0, MOST_ISSUES);
  const issues: DocumentIssue[] = wrong.map((error) => ({
    pointer: '#',
    line: lineAt(error.pos[0]),
    message: error.message,
  }));
  if (issues.length > 0) throw new DocumentSyntaxError(issues);
}

/** What each alias stands for: the last node before it that has the anchor. The library looks each up from the start. */
function targetsOf(document: Document.Parsed<ParsedNode>): ReadonlyMap<Alias, ParsedNode> {
  const anchors = new Map<string, ParsedNode>();
  const targets = new Map<Alias, ParsedNode>();
  visit(document, {
    Alias(_, alias) {
      const target = anchors.get(alias.source);
      if (target) targets.set(alias, target);
    },
    Value(_, node) {
      if (node.anchor !== undefined) anchors.set(node.anchor, node as ParsedNode);
    },
  });
  return targets;
}

function expanded(pointer: string, most: number, what: string): DocumentSyntaxError {
  const message = `Aliases expand to over ${most} ${what}`;
  return new DocumentSyntaxError([{ pointer: pointerFragment(pointer), message }]);
}

interface Child {
  offset: number;
  value: ParsedNode | null;
}

class YamlWalk {
  private aliased = 0;
  private aliasedCharacters = 0;
  private readonly targets: ReadonlyMap<Alias, ParsedNode>;

  constructor(
    document: Document.Parsed<ParsedNode>,
    private readonly lineAt: (offset: number) => number,
  ) {
    this.targets = targetsOf(document);
  }

  value(node: ParsedNode | null, pointer: string, level: number, inAlias: boolean): Json {
    if (node === null) return null;
    const isCollection = isMap(node) || isSeq(node);
    if (isCollection && level > MOST_LEVELS) throw tooDeep(pointer, this.lineAt(node.range[0]));
    if (inAlias) this.countValue(pointer);
    if (isAlias(node)) {
      this.countValue(pointer);
      const target = this.targets.get(node);
      if (!target) throw this.refusal(node, pointer, `There is no anchor "${node.source}"`);
      return this.value(target, pointer, level, true);
    }
    if (isMap<ParsedNode, ParsedNode | null>(node)) return this.map(node, pointer, level, inAlias);
    if (isSeq<ParsedNode>(node)) {
      return node.items.map((item, index) =>
        this.value(item, pointerTo(pointer, index), level + 1, inAlias),
      );
    }
    const scalar = this.scalar(node, pointer);
    if (inAlias && typeof scalar === 'string') this.countCharacters(scalar.length, pointer);
    return scalar;
  }

  private map(
    node: YAMLMap<ParsedNode, ParsedNode | null>,
    pointer: string,
    level: number,
    inAlias: boolean,
  ): Json {
    const seen = new Set<string>();
    const result: { [key: string]: Json } = {};
    for (const pair of node.items) {
      const key = this.key(pair.key, pointer);
      const place = pointerTo(pointer, key);
      if (seen.has(key))
        throw this.refusal(pair.key, place, `The key "${key}" stands twice in one map`);
      seen.add(key);
      if (inAlias || isAlias(pair.key)) this.countCharacters(key.length, place);
      const value = this.value(pair.value, place, level + 1, inAlias);
      if (key === '__proto__') {
        Object.defineProperty(result, key, {
          value,
          enumerable: true,
          configurable: true,
          writable: true,
        });
      } else result[key] = value;
    }
    return result;
  }

  private key(node: ParsedNode, pointer: string): string {
    const resolved = this.target(node);
    if (!isScalar(resolved) || resolved.value === null || typeof resolved.value === 'object') {
      throw this.refusal(node, pointer, 'A key must be a text');
    }
    // `1: x` and `yes: x` name the keys "1" and "yes", as the author reads them.
    return resolved.source ?? JSON.stringify(resolved.value);
  }

  private scalar(node: ParsedNode, pointer: string): Json {
    const value: unknown = isScalar(node) ? node.value : undefined;
    if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
    if (typeof value === 'bigint') return Number(value);
    if (typeof value === 'number') {
      if (Number.isFinite(value)) return value;
      throw this.refusal(node, pointer, 'JSON has no infinite numbers and no NaN');
    }
    throw this.refusal(node, pointer, 'The value is not one that JSON can hold');
  }

  private countValue(pointer: string): void {
    this.aliased += 1;
    if (this.aliased > MOST_ALIASED_VALUES) throw expanded(pointer, MOST_ALIASED_VALUES, 'values');
  }

  private countCharacters(characters: number, pointer: string): void {
    this.aliasedCharacters += characters;
    if (this.aliasedCharacters > MOST_ALIASED_CHARACTERS) {
      throw expanded(pointer, MOST_ALIASED_CHARACTERS, 'characters');
    }
  }

  private refusal(node: ParsedNode, pointer: string, message: string): DocumentSyntaxError {
    return new DocumentSyntaxError([
      { pointer: pointerFragment(pointer), line: this.lineAt(node.range[0]), message },
    ]);
  }

  line(root: ParsedNode, pointer: string): number | undefined {
    let node: ParsedNode | null = root;
    let offset = root.range[0];
    for (const key of pointerKeys(pointer)) {
      const target: ParsedNode | null = node && this.target(node);
      const found: Child | undefined = target ? this.child(target, key) : undefined;
      if (!found) break;
      offset = found.offset;
      node = found.value;
    }
    return this.lineAt(offset);
  }

  private target(node: ParsedNode): ParsedNode | null {
    return isAlias(node) ? (this.targets.get(node) ?? null) : node;
  }

  private child(node: ParsedNode, key: string): Child | undefined {
    if (isMap<ParsedNode, ParsedNode | null>(node)) {
      const pair = node.items.find(
        (item) => isScalar(item.key) && (item.key.source ?? String(item.key.value)) === key,
      );
      return pair && { offset: pair.key.range[0], value: pair.value };
    }
    if (isSeq(node)) {
      const item = (node as YAMLSeq<ParsedNode>).items[Number(key)];
      return item && { offset: item.range[0], value: item };
    }
    return undefined;
  }
}
