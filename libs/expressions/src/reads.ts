import type { Ast, Program } from './syntax/ast';

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
    const found = this.look(ast, path);
    return found;
  }

  /** Like `read`, for a node whose output is used as a value. */
  use(ast: Ast, path: string | undefined): void {
    const found = this.read(ast, path);
    if (found !== undefined) this.paths.add(found);
  }

  private look(ast: Ast, path: string | undefined): string | undefined {
    switch (ast.kind) {
      case 'identity':
        return path;
      case 'literal':
        return undefined;
      case 'variable':
        if (this.outside.has(ast.name)) this.variables.add(ast.name);
        return undefined;
      case 'index': {
        const target = this.read(ast.target, path);
        if (ast.key.kind === 'literal' && typeof ast.key.value === 'string') {
          return target === undefined ? undefined : extend(target, ast.key.value);
        }
        this.use(ast.key, path);
        if (target !== undefined) this.paths.add(target);
        return undefined;
      }
      case 'pipe':
        return this.read(ast.right, this.read(ast.left, path));
      case 'try': {
        const body = this.read(ast.body, path);
        if (ast.handler === undefined) return body;
        if (body !== undefined) this.paths.add(body);
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
        if (path !== undefined && !silent.has(ast.name)) this.paths.add(path);
        for (const given of ast.arguments) this.use(given, silentArguments(ast.name, path));
        return undefined;
      default:
        this.useAll(ast, path);
        return undefined;
    }
  }

  private useAll(ast: Ast, path: string | undefined): void {
    switch (ast.kind) {
      case 'string':
        for (const part of ast.parts) if (typeof part !== 'string') this.use(part, path);
        break;
      case 'format':
        if (path !== undefined) this.paths.add(path);
        break;
      case 'slice':
        this.use(ast.target, path);
        if (ast.from !== undefined) this.use(ast.from, path);
        if (ast.to !== undefined) this.use(ast.to, path);
        break;
      case 'iterate':
        this.use(ast.target, path);
        break;
      case 'array':
      case 'negate':
        if (ast.body !== undefined) this.use(ast.body, path);
        break;
      case 'label':
        this.use(ast.body, path);
        break;
      case 'object':
        for (const { key, value } of ast.entries) this.useEntry(key, value, path);
        break;
      case 'if':
        this.use(ast.condition, path);
        this.use(ast.then, path);
        if (ast.else !== undefined) this.use(ast.else, path);
        else if (path !== undefined) this.paths.add(path);
        break;
      case 'comma':
      case 'binary':
      case 'logic':
      case 'alternative':
        this.use(ast.left, path);
        this.use(ast.right, path);
        break;
      case 'assign':
      case 'modify':
      case 'update':
        if (path !== undefined) this.paths.add(path);
        this.use(ast.left, path);
        this.use(ast.right, ast.kind === 'modify' ? undefined : path);
        break;
      default:
        break;
    }
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
const silent = new Set(['empty', 'now', 'env', 'range', 'error', 'infinite', 'nan', 'input']);
/** Builtins that run their arguments on the input itself. */
const onInput = new Set([
  'error',
  'range',
  'first',
  'last',
  'isempty',
  'add',
  'limit',
  'select',
  'has',
  'test',
]);

function silentArguments(name: string, path: string | undefined): string | undefined {
  return onInput.has(name) ? path : undefined;
}

/** What a program reads; `outside` are the variables it was compiled with. */
export function readsOf(program: Program, outside: readonly string[]): Reads {
  const reader = new Reader(new Set(outside));
  for (const { body } of program.definitions) reader.use(body, undefined);
  if (program.body !== undefined) reader.use(program.body, '.');
  return { variables: [...reader.variables].sort(), paths: [...reader.paths].sort() };
}
