import { diagnosed } from './diagnosed';
import { Shape, type ShapeOptions } from './shape';
import { TargetService } from './target-service';

/** What the tests of one `describe` share; both exist while they run. */
export interface Stage {
  readonly shape: Shape;
  readonly target: TargetService;
  /** `it` that tells what the shape's processes said when the test fails. */
  readonly test: ReturnType<typeof diagnosed>;
}

/**
 * Has a shape and a service that its flows call started before the tests of this `describe`, and ended after
 * them. The options may be made when the shape starts.
 */
export function stageOf(
  options: ShapeOptions | (() => ShapeOptions | Promise<ShapeOptions>),
): Stage {
  let shape: Shape | undefined;
  let target: TargetService | undefined;
  beforeAll(async () => {
    target = await TargetService.start();
    shape = await Shape.start(typeof options === 'function' ? await options() : options);
  }, 240_000);
  afterAll(async () => {
    await target?.stop();
    await shape?.stop();
  }, 60_000);
  const started = <T>(part: T | undefined): T => {
    if (!part) throw new Error('The shape did not start; see the first failure');
    return part;
  };
  return {
    get shape() {
      return started(shape);
    },
    get target() {
      return started(target);
    },
    test: diagnosed(() => started(shape)),
  };
}
