import type { Ast } from './ast';

function present(...parts: readonly (Ast | undefined)[]): Ast[] {
  return parts.filter((part) => part !== undefined);
}

/** The programs directly within a construct; of patterns and definitions, none. */
export function childrenOf(ast: Ast): readonly Ast[] {
  switch (ast.kind) {
    case 'string':
      return ast.parts.filter((part) => typeof part !== 'string');
    case 'index':
      return [ast.target, ast.key];
    case 'slice':
      return present(ast.target, ast.from, ast.to);
    case 'iterate':
      return [ast.target];
    case 'array':
    case 'negate':
    case 'define':
    case 'label':
      return present(ast.body);
    case 'object':
      return ast.entries.flatMap(({ key, value }) => present(key, value));
    case 'if':
      return present(ast.condition, ast.then, ast.else);
    case 'try':
      return present(ast.body, ast.handler);
    case 'bind':
      return [ast.source, ast.body];
    case 'reduce':
      return [ast.source, ast.init, ast.update];
    case 'foreach':
      return present(ast.source, ast.init, ast.update, ast.extract);
    case 'call':
      return ast.arguments;
    case 'identity':
    case 'literal':
    case 'format':
    case 'break':
    case 'variable':
      return [];
    default:
      return [ast.left, ast.right];
  }
}
