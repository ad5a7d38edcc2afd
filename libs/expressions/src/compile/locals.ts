import type { Ast, Pattern } from '../syntax/ast';

const seen = new WeakMap<Ast, boolean>();

/**
 * Whether code keeps variables in the frame it runs in. Such code cannot be entered again
 * while it runs, unless it gets a frame of its own.
 */
export function hasLocals(ast: Ast): boolean {
  const known = seen.get(ast);
  if (known !== undefined) return known;
  const found = look(ast);
  seen.set(ast, found);
  return found;
}

function any(...parts: readonly (Ast | undefined)[]): boolean {
  return parts.some((part) => part !== undefined && hasLocals(part));
}

function look(ast: Ast): boolean {
  switch (ast.kind) {
    case 'bind':
    case 'reduce':
    case 'foreach':
    case 'label':
      return true;
    case 'identity':
    case 'literal':
    case 'format':
    case 'break':
    case 'variable':
      return false;
    case 'string':
      return ast.parts.some((part) => typeof part !== 'string' && hasLocals(part));
    case 'index':
      return any(ast.target, ast.key);
    case 'slice':
      return any(ast.target, ast.from, ast.to);
    case 'iterate':
      return any(ast.target);
    case 'array':
    case 'negate':
      return any(ast.body);
    case 'object':
      return ast.entries.some(({ key, value }) => any(key, value));
    case 'if':
      return any(ast.condition, ast.then, ast.else);
    case 'try':
      return any(ast.body, ast.handler);
    case 'define':
      return any(ast.body);
    case 'call':
      return any(...ast.arguments);
    default:
      return any(ast.left, ast.right);
  }
}

/** The variables that a pattern binds. */
export function variablesOf(pattern: Pattern): string[] {
  switch (pattern.kind) {
    case 'variable':
      return [pattern.name];
    case 'array':
      return pattern.items.flatMap(variablesOf);
    default:
      return pattern.entries.flatMap(({ variable, value }) => [
        ...(variable === undefined ? [] : [variable]),
        ...(value === undefined ? [] : variablesOf(value)),
      ]);
  }
}
