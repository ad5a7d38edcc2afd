import type { Ast, Definition, Import, Program } from './ast';
import { Parser } from './parser';

/** A parser of whole programs and libraries. */
class ProgramParser extends Parser {
  program(): Program {
    if (this.accept('module')) this.metadata();
    const imports: Import[] = [];
    while (this.sees('import') || this.sees('include')) imports.push(this.import());
    const definitions: Definition[] = [];
    while (this.sees('def')) definitions.push(this.definition());
    const body = this.peek().kind === 'end' ? undefined : this.query();
    if (this.peek().kind !== 'end') this.unexpected('end of file');
    return { imports, definitions, body };
  }

  private metadata(): void {
    const at = this.peek().start;
    const body = this.query();
    if (!isConstant(body)) this.fail('Module metadata must be constant', at);
    if (body.kind !== 'object') this.fail('Module metadata must be an object', at);
    this.expect(';');
  }

  private import(): Import {
    const start = this.next();
    const pathAt = this.peek().start;
    if (this.peek().kind !== 'quote') this.unexpected('a string');
    const path = this.string(undefined);
    if (path.kind !== 'literal') this.fail('Import path must be constant', pathAt);
    let alias: string | undefined;
    let isData = false;
    if (start.value === 'import') {
      this.expect('as');
      const token = this.next();
      if (token.kind !== 'name' && token.kind !== 'variable') {
        this.fail('syntax error, expecting a name after "as"', token.start);
      }
      alias = token.value;
      isData = token.kind === 'variable';
    }
    if (!this.sees(';')) {
      this.metadata();
    } else this.expect(';');
    return { path: path.value as string, alias, isData, at: start.start };
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
