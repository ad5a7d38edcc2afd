import { isObject, type JsonObject } from '../values/json';
import { constantOf } from './fold';
import type { Ast, Definition, Import, Program } from './ast';
import { Parser } from './parser';

/** A parser of whole programs and libraries. */
class ProgramParser extends Parser {
  program(): Program {
    const metadata = this.accept('module') ? this.metadata() : undefined;
    const imports: Import[] = [];
    while (this.sees('import') || this.sees('include')) imports.push(this.import());
    const definitions: Definition[] = [];
    while (this.sees('def')) definitions.push(this.definition());
    this.beginning = this.place;
    const body = this.peek().kind === 'end' ? undefined : this.query();
    if (this.peek().kind !== 'end') this.unexpected('end of file');
    return { metadata, imports, definitions, body };
  }

  private metadata(): JsonObject {
    const at = this.peek().start;
    const body = this.query();
    if (!isConstant(body)) this.fail('Module metadata must be constant', at);
    const value = constantOf(body);
    if (value === undefined || !isObject(value))
      return this.fail('Module metadata must be an object', at);
    this.expect(';');
    return value;
  }

  private import(): Import {
    const start = this.next();
    const pathAt = this.peek().start;
    if (this.peek().kind !== 'quote') this.unexpected('FORMAT or QQSTRING_START');
    const path = this.string();
    if (path.kind !== 'literal') this.fail('Import path must be constant', pathAt);
    let alias: string | undefined;
    let isData = false;
    if (start.value === 'import') {
      this.expect('as');
      const token = this.next();
      if (token.kind !== 'name' && token.kind !== 'variable') {
        this.unexpectedLast('IDENT or BINDING');
      }
      alias = token.value;
      isData = token.kind === 'variable';
    }
    const metadata = this.accept(';') ? {} : this.metadata();
    return { path: path.value as string, alias, isData, metadata, at: start.start };
  }
}

function isConstant(ast: Ast): boolean {
  switch (ast.kind) {
    case 'literal':
      return true;
    case 'array':
      return ast.body === undefined || isConstant(ast.body);
    case 'comma':
      return isConstant(ast.left) && isConstant(ast.right);
    case 'object':
      return ast.entries.every(
        ({ key, value }) => isConstant(key) && value !== undefined && isConstant(value),
      );
    default:
      return false;
  }
}

/** Parses a program or library. Throws ExpressionSyntaxError. */
export function parse(source: string): Program {
  return new ProgramParser(source).program();
}
