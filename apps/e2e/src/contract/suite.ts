import type { ShapeKind } from '../shape/shape';
import { attacksSuite } from './attacks.suite';
import { authenticationSuite } from './authentication.suite';
import { commandLineSuite } from './command-line.suite';
import { discoverySuite } from './discovery.suite';
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
  }, 180_000);
  afterAll(async () => {
    if (world) await stopWorld(world);
  }, 60_000);

  discoverySuite(now);
  authenticationSuite(now);
  flowsSuite(now);
  executionsSuite(now);
  idempotencySuite(now);
  limitsSuite(now);
  usageSuite(now);
  attacksSuite(now);
  commandLineSuite(now);
}
