import type { Plan } from './plan';

/**
 * The plan as its tenant's rate allows it. Ticks that are over it fall together: of several only the last fires; when
 * not even that may, the last of those up to its turn is due then. `waits`
 * asks for so many starts: 0, or milliseconds after which to ask again.
 */
export async function withinRate(
  plan: Plan,
  now: number,
  waits: (count: number) => Promise<number>,
): Promise<Plan> {
  if (plan.kind !== 'move') return plan;
  const { ticks } = plan;
  const last = ticks.at(-1);
  if (!last) return plan;
  let wait = await waits(ticks.length);
  if (wait === 0) return plan;
  if (ticks.length > 1) wait = await waits(1);
  if (wait === 0) return { ...plan, ticks: [last] };
  const dueAt = now + wait;
  const nextTick = plan.latest(last.at, dueAt);
  return { ...plan, ticks: [], dueAt, lastTick: plan.tickBefore, nextTick };
}
