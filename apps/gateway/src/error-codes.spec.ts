import { problemKind } from '@easyflow/contracts-http';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const root = path.join(__dirname, '../../..');
/** Where the errors of a request's road are thrown. */
const road = [
  'apps/gateway',
  'apps/flow-registry',
  'libs/domain/schedule',
  'libs/engine',
  'libs/kernel/time',
  'libs/platform/http/src/server',
  'libs/tenant-context/src/issuer',
];
/** Codes that no request of a client can meet: of other services' starts, operators' tools and executors' turns. */
const inside = [
  'execution.not_for_this_process',
  'identity.invalid',
  'issuer.jwt_keys',
  'schedule.invalid_eco_window',
  'turn.interrupted',
];

function sources(folder: string): string[] {
  return readdirSync(path.join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /(?<!\.spec|\.test)\.ts$/.test(entry.name))
    .map((entry) => path.join(entry.parentPath, entry.name))
    .filter((file) => !/\/(dist|node_modules)\//.test(file));
}

function codesThrown(): Set<string> {
  const codes = new Set<string>();
  for (const file of road.flatMap(sources)) {
    const text = readFileSync(file, 'utf8');
    for (const [, code] of text.matchAll(/(?:new UserError|super)\(\s*'([a-z_]+\.[a-z_]+)'/g)) {
      if (code) codes.add(code);
    }
  }
  return codes;
}

it('every code that a request may be refused with is in the contract', () => {
  const codes = codesThrown();
  expect(codes.size).toBeGreaterThan(20);
  expect([...codes].filter((code) => !problemKind(code) && !inside.includes(code))).toEqual([]);
});
