import { ExpressionSyntaxError } from './errors';
import { Resolver } from './compile/resolve';
import { keys, type FrameLayout, type Scope } from './compile/scope';
import type { Import } from './syntax/ast';
import { parse } from './syntax/program';

/** Where the definitions of a module go: under a prefix, or none for `include`. */
type Files = Readonly<Record<string, string>>;

/** Makes the scope in which the definitions of the imported modules are visible. */
export function loadModules(
  imports: readonly Import[],
  files: Files,
  source: string,
  outside: Scope | undefined,
  layout: FrameLayout,
  loading: readonly string[] = [],
): Scope | undefined {
  let scope = outside;
  for (const item of imports) {
    const fail = (message: string): never => {
      throw new ExpressionSyntaxError(message, source, item.at);
    };
    const text = Object.hasOwn(files, item.path) ? files[item.path] : undefined;
    if (text === undefined) return fail(`module not found: ${item.path}`);
    if (item.isData) return fail('data cannot be imported: pass it as a variable');
    if (loading.includes(item.path)) return fail(`circular import of ${item.path}`);
    const library = parse(text);
    if (library.body !== undefined) {
      fail('library should only have function definitions, not a main expression');
    }
    const path = [...loading, item.path];
    let inside = loadModules(library.imports, files, text, undefined, layout, path);
    const resolver = new Resolver(text);
    for (const definition of library.definitions) {
      inside = resolver.define(definition, inside, layout);
      const { name, meaning } = inside;
      const visible =
        item.alias === undefined
          ? name
          : keys.function(`${item.alias}::${definition.name}`, definition.parameters.length);
      scope = { name: visible, meaning, layout, parent: scope, home: inside };
    }
  }
  return scope;
}
