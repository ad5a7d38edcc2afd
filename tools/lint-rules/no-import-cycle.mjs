// A rule of ours: modules that import each other, within a package or over several. Specs are no part of the graph
// (nothing imports them), nor are imports of types, which the compiler erases.
import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';

const root = path.join(import.meta.dirname, '..', '..');
const { paths } = JSON.parse(
  readFileSync(path.join(root, 'tsconfig.base.json'), 'utf8'),
).compilerOptions;

/** What a file imports, remembered until the file changes: an editor keeps this process for hours. */
const known = new Map();

const statement =
  /^(?:import|export)\s+(?!type\s)(?:(?<names>[\w*$\s{},]+?)\s+from\s+)?['"](?<source>[^'"]+)['"]/gm;

function isTypesOnly(names) {
  const inBraces = /^\{(?<list>[^}]*)\}$/.exec(names?.trim() ?? '')?.groups.list;
  const list = inBraces?.split(',').filter((name) => name.trim() !== '') ?? [];
  return list.length > 0 && list.every((name) => /^\s*type\s/.test(name));
}

/** The file of ours that `source` means in `file`; undefined for packages of others. */
function resolve(file, source) {
  if (source in paths) return path.join(root, paths[source][0]);
  if (!source.startsWith('.')) return undefined;
  const target = path.resolve(path.dirname(file), source);
  return [`${target}.ts`, path.join(target, 'index.ts')].find((each) => existsSync(each));
}

function importsOf(file) {
  const { mtimeMs } = statSync(file);
  const remembered = known.get(file);
  if (remembered?.mtimeMs === mtimeMs) return remembered.imports;
  const imports = [...readFileSync(file, 'utf8').matchAll(statement)]
    .filter(({ groups }) => !isTypesOnly(groups.names))
    .map(({ groups }) => resolve(file, groups.source))
    .filter((target) => target !== undefined);
  known.set(file, { mtimeMs, imports });
  return imports;
}

/** The files from `from` to `to` by imports, both included; undefined when there is no way. */
function findWay(from, to) {
  const cameFrom = new Map([[from, undefined]]);
  for (const file of cameFrom.keys()) {
    if (file === to) {
      const way = [];
      for (let at = file; at !== undefined; at = cameFrom.get(at)) way.unshift(at);
      return way;
    }
    for (const next of importsOf(file)) if (!cameFrom.has(next)) cameFrom.set(next, file);
  }
  return undefined;
}

export const noImportCycle = {
  meta: {
    type: 'problem',
    schema: [],
    messages: {
      cycle:
        'This import closes a cycle ({{way}}). Move what both need to a module of its own that imports neither, or pass it in as a parameter.',
    },
  },
  create(context) {
    const file = context.filename;
    const check = (node) => {
      if (!node.source || node.importKind === 'type' || node.exportKind === 'type') return;
      const specifiers = node.specifiers ?? [];
      const types = specifiers.filter(
        (each) => (each.importKind ?? each.exportKind) === 'type',
      ).length;
      if (specifiers.length > 0 && types === specifiers.length) return;
      const target = resolve(file, node.source.value);
      const way = target && existsSync(target) && findWay(target, file);
      if (!way) return;
      const names = [file, ...way].map((each) => path.relative(root, each)).join(' → ');
      context.report({ node, messageId: 'cycle', data: { way: names } });
    };
    return {
      ImportDeclaration: check,
      ExportNamedDeclaration: check,
      ExportAllDeclaration: check,
    };
  },
};
