import { ExpressionSyntaxError } from './errors';
import { Resolver } from './compile/resolve';
import { moduleText } from './builtins/system';
import { keys, type FrameLayout, type Scope } from './compile/scope';
import type { Import, Program } from './syntax/ast';
import { build, startMeter, steps } from './run/meter';
import { raise } from './run/raise';
import { parse } from './syntax/program';
import { finite } from './values/finite';
import type { Json } from './values/json';
import { ownEntry } from './values/object';
import { parseValues } from './values/parse';

/** Where the definitions of a module go: under a prefix, or none for `include`. */
type Files = Readonly<Record<string, string>>;

/** `import "x" as $data;`: the values of the text are `$data`, and `$data::data` as well. */
function dataScope(
  item: Import,
  text: string,
  outside: Scope | undefined,
  layout: FrameLayout,
  fail: (message: string) => never,
): Scope {
  startMeter(undefined);
  const values = parseValues(text);
  if (typeof values === 'string') return fail(`${item.path} is no JSON: ${values}`);
  const meaning = { kind: 'constant', value: finite([...values]) } as const;
  const alias = item.alias as string;
  const long = { name: keys.variable(`${alias}::${alias}`), meaning, layout, parent: outside };
  return { name: keys.variable(alias), meaning, layout, parent: long };
}

/** `modulemeta`: what a module says of itself, imports, and defines. */
export function describer(files: Files): (input: Json) => Json {
  return (input) => {
    const text = moduleText(files, input);
    steps(text.length);
    build(16 * text.length);
    return metaOf(text);
  };
}

function metaOf(text: string): Json {
  let library: Program;
  try {
    library = parse(text);
  } catch (error) {
    if (error instanceof ExpressionSyntaxError) return raise(error.message);
    throw error;
  }
  const { metadata = {}, imports, definitions } = library;
  const deps = imports.map((item): Json => ({
    ...item.metadata,
    ...(item.alias === undefined ? {} : { as: item.alias }),
    is_data: item.isData,
    relpath: item.path,
  }));
  const defs = definitions.map(({ name, parameters }) => `${name}/${parameters.length}`);
  return { ...metadata, deps, defs };
}

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
    const text = ownEntry(files, item.path);
    if (text === undefined) return fail(`module not found: ${item.path}`);
    if (item.isData) {
      scope = dataScope(item, text, scope, layout, fail);
      continue;
    }
    if (loading.includes(item.path)) return fail(`circular import of ${item.path}`);
    const library = parse(text);
    if (library.body !== undefined) {
      fail('library should only have function definitions, not a main expression');
    }
    const path = [...loading, item.path];
    let inside = loadModules(library.imports, files, text, undefined, layout, path);
    const resolver = new Resolver(text, undefined, describer(files));
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
