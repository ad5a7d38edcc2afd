import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { ShapeKind } from '../shape/shape';
import { attacksSuite } from './attacks.suite';
import { authenticationSuite } from './authentication.suite';
import { commandLineSuite } from './command-line.suite';
import { codesSeen } from './expectations';
import { discoverySuite } from './discovery.suite';
import { effectsSuite } from './effects.suite';
import { executionsSuite } from './executions.suite';
import { flowsSuite } from './flows.suite';
import { idempotencySuite } from './idempotency.suite';
import { limitsSuite } from './limits.suite';
import { usageSuite } from './usage.suite';
import { startWorld, stopWorld, type World } from './world';

/** The public contract over two tenants: the same suite for every shape. */
export function contractSuite(kind: ShapeKind): void {
  jest.setTimeout(60_000);
  let world: World | undefined;
  const now = (): World => {
    if (!world) throw new Error('The shape did not start; see the first failure');
    return world;
  };

  beforeAll(async () => {
    world = await startWorld(kind);
  }, 240_000);
  afterAll(async () => {
    if (world) await stopWorld(world);
  }, 60_000);

  discoverySuite(now);
  authenticationSuite(now);
  flowsSuite(now);
  executionsSuite(now);
  effectsSuite(now);
  idempotencySuite(now);
  limitsSuite(now);
  usageSuite(now);
  attacksSuite(now);
  commandLineSuite(now);

  it('every code that was answered is in the document of the errors', () => {
    const listed = readFileSync(path.join(__dirname, '../../../../docs/errors.md'), 'utf8');
    expect([...codesSeen].filter((code) => !listed.includes(`\`${code}\``))).toEqual([]);
    expect(codesSeen.size).toBeGreaterThan(15);
  });
}
