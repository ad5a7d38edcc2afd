import type { Ast, Program } from './syntax/ast';
import { childrenOf } from './syntax/children';

/** What a program reads: variables that come from outside, and paths of its input. */
export interface Reads {
  /** Names without `$`. */
  readonly variables: readonly string[];
  /** Like `.a.b`; `.` where the program may read anything. */
  readonly paths: readonly string[];
}

const plainName = /^[a-zA-Z_][a-zA-Z_0-9]*$/;

function extend(path: string, key: string): string {
  const base = path === '.' ? '' : path;
  return plainName.test(key)
    ? `${base}.${key}`
    : `${base === '' ? '.' : base}[${JSON.stringify(key)}]`;
}

/** Walks a program, following which path of the input `.` is. */
class Reader {
  readonly variables = new Set<string>();
  readonly paths = new Set<string>();

  constructor(private readonly outside: ReadonlySet<string>) {}

  /**
   * Notes what a node reads where `.` is at `path` (undefined: not in the input). Answers the
   * path of its output, where that is one place in the input.
   */
  read(ast: Ast, path: string | undefined): string | undefined {
    switch (ast.kind) {
      case 'identity':
        return path;
      case 'variable':
        if (this.outside.has(ast.name)) this.variables.add(ast.name);
        return undefined;
      case 'index': {
        const target = this.read(ast.target, path);
        if (ast.key.kind === 'literal' && typeof ast.key.value === 'string') {
          return target === undefined ? undefined : extend(target, ast.key.value);
        }
        this.use(ast.key, path);
        this.note(target);
        return undefined;
      }
      case 'pipe':
        return this.read(ast.right, this.read(ast.left, path));
      case 'try': {
        const body = this.read(ast.body, path);
        if (ast.handler === undefined) return body;
        this.note(body);
        this.use(ast.handler, undefined);
        return undefined;
      }
      case 'define':
        this.use(ast.definition.body, path);
        return this.read(ast.body, path);
      case 'bind':
        this.use(ast.source, path);
        return this.read(ast.body, path);
      case 'reduce':
      case 'foreach':
        this.use(ast.source, path);
        this.use(ast.init, path);
        this.use(ast.update, undefined);
        if (ast.kind === 'foreach' && ast.extract !== undefined) this.use(ast.extract, undefined);
        return undefined;
      case 'call':
        // A builtin with arguments may run them on anything: elements of `.`, mostly.
        if (!silent.has(ast.name)) this.note(path);
        for (const given of ast.arguments) {
          this.use(given, onInput.has(ast.name) ? path : undefined);
        }
        return undefined;
      case 'object':
        for (const { key, value } of ast.entries) this.useEntry(key, value, path);
        return undefined;
      case 'format':
        this.note(path);
        return undefined;
      case 'if':
        if (ast.else === undefined) this.note(path);
        break;
      case 'assign':
      case 'modify':
      case 'update':
        this.note(path);
        this.use(ast.left, path);
        this.use(ast.right, ast.kind === 'modify' ? undefined : path);
        return undefined;
      default:
        break;
    }
    for (const child of childrenOf(ast)) this.use(child, path);
    return undefined;
  }

  /** Like `read`, for a node whose output is used as a value. */
  use(ast: Ast, path: string | undefined): void {
    this.note(this.read(ast, path));
  }

  private note(path: string | undefined): void {
    if (path !== undefined) this.paths.add(path);
  }

  private useEntry(key: Ast, value: Ast | undefined, path: string | undefined): void {
    this.use(key, path);
    if (value !== undefined) this.use(value, path);
    else if (key.kind === 'literal' && typeof key.value === 'string' && path !== undefined) {
      this.paths.add(extend(path, key.value));
    }
  }
}

/** Builtins that do not look at their input. */
const silent = new Set('empty now env range error infinite nan input'.split(' '));
/** Builtins that run their arguments on the input itself. */
const onInput = new Set('error range first last isempty add limit select has test'.split(' '));

/** What a program reads; `outside` are the variables it was compiled with. */
export function readsOf(program: Program, outside: readonly string[]): Reads {
  const reader = new Reader(new Set(outside));
  for (const { body } of program.definitions) reader.use(body, undefined);
  if (program.body !== undefined) reader.use(program.body, '.');
  return { variables: [...reader.variables].sort(), paths: [...reader.paths].sort() };
}
