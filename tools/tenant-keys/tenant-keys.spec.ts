import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { kept } from './kept';

const root = path.join(__dirname, '../..');

/** Where tenants' things are held in memory. The command line is one user's. */
const FOLDERS = [
  'apps/analytics',
  'apps/executor',
  'apps/flow-registry',
  'apps/gateway',
  'apps/issuer',
  'apps/scheduler',
  'libs/platform',
  'libs/runtime',
  'libs/tenant-context',
];
const NO_TENANTS = /\/(?:dist|node_modules|local-servers|kafkajs)\/|(?:\.spec|\.test|\.d)\.ts$/;

const COLLECTIONS = new Set(['Map', 'Set', 'WeakMap', 'WeakSet', 'LRUCache', 'DividedCache']);

interface Collection {
  name: string;
  /** As it stands in the source: `Map<TenantKey, Waiter>`. */
  made: string;
}

function sources(): string[] {
  return FOLDERS.flatMap((folder) =>
    readdirSync(path.join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
      .map((entry) => path.join(entry.parentPath, entry.name))
      .filter((file) => !NO_TENANTS.test(file)),
  );
}

/** Fields of objects and variables of modules; those of a function end with it. A list in the source is a constant. */
function longLived(node: ts.NewExpression): ts.Identifier | ts.PrivateIdentifier | undefined {
  if (node.arguments?.some((each) => ts.isArrayLiteralExpression(each))) return undefined;
  const { parent } = node;
  if (ts.isPropertyDeclaration(parent)) {
    return ts.isIdentifier(parent.name) || ts.isPrivateIdentifier(parent.name)
      ? parent.name
      : undefined;
  }
  const isOfModule =
    ts.isVariableDeclaration(parent) && ts.isSourceFile(parent.parent.parent.parent);
  return isOfModule && ts.isIdentifier(parent.name) ? parent.name : undefined;
}

function collectionsOf(file: string): Collection[] {
  const source = ts.createSourceFile(
    file,
    readFileSync(file, 'utf8'),
    ts.ScriptTarget.Latest,
    true,
  );
  const found: Collection[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isNewExpression(node) && COLLECTIONS.has(node.expression.getText())) {
      const name = longLived(node)?.text.replace('#', '');
      const made = `${node.expression.getText()}<${node.typeArguments?.map((type) => type.getText()).join(', ') ?? ''}>`;
      if (name !== undefined) found.push({ name: `${path.relative(root, file)}#${name}`, made });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

const all = sources().flatMap(collectionsOf);

it('every collection that outlives a call is known to keep tenants apart', () => {
  const unknown = all.map(({ name }) => name).filter((name) => kept[name] === undefined);
  // Say in tools/tenant-keys/kept.ts whose things a new one holds.
  expect(unknown).toEqual([]);
});

it('what is listed is there', () => {
  const names = new Set(all.map(({ name }) => name));
  expect(Object.keys(kept).filter((name) => !names.has(name))).toEqual([]);
});

it('pairs are keyed by the type that only pairKey makes', () => {
  const wrong = all.filter(({ name, made }) => {
    if (kept[name] !== 'pair') return false;
    return !made.startsWith('DividedCache<') && !/^\w+<TenantKey\b/.test(made);
  });
  expect(wrong).toEqual([]);
});
