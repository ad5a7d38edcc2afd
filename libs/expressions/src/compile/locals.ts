import type { Ast, Pattern } from '../syntax/ast';
import { childrenOf } from '../syntax/children';

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

function look(ast: Ast): boolean {
  switch (ast.kind) {
    case 'bind':
    case 'reduce':
    case 'foreach':
    case 'label':
      return true;
    default:
      return childrenOf(ast).some(hasLocals);
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
