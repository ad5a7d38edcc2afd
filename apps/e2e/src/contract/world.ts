import { Shape, type ShapeKind, type Tenant } from '../shape/shape';
import { TargetService } from '../shape/target-service';

/** What the parts of the contract suite share: one shape, two tenants, a service that flows call. */
export interface World {
  shape: Shape;
  a: Tenant;
  b: Tenant;
  target: TargetService;
}

/** The world of a suite; it exists while tests run. */
export type WorldOf = () => World;

export async function startWorld(kind: ShapeKind): Promise<World> {
  const shape = await Shape.start({ kind, env: { EASYFLOW_LOG_LEVEL: 'warn' } });
  const target = await TargetService.start();
  const [a, b] = [
    await shape.createTenant({ name: 'tenant a' }),
    await shape.createTenant({ name: 'tenant b' }),
  ];
  return { shape, a, b, target };
}

export async function stopWorld({ shape, target }: World): Promise<void> {
  await target.stop();
  await shape.stop();
}
