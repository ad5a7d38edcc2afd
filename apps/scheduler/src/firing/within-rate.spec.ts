import type { Plan, Tick } from './plan';
import { withinRate } from './within-rate';

const lease = {
  tenantId: 't',
  kind: 'schedule',
  id: 's',
  claimNo: 1,
  wakeSeq: 1,
  attempts: 0,
  deferred: false,
  leaseUntil: 0,
  deadline: 0,
};
const tick = (at: number): Tick => ({
  key: `k${at}`,
  at,
  executionId: `e${at}`,
  flow: { namespace: 'n', name: 'f', version: '1.0.0' },
  parentKey: null,
});

const latest = (tick: number, until: number): number =>
  tick + Math.floor((until - tick) / 100) * 100;

function due(...ats: number[]): Extract<Plan, { kind: 'move' }> {
  const ticks = ats.map(tick);
  const lastTick = ats.at(-1) ?? 50;
  return {
    kind: 'move',
    lease,
    ticks,
    skips: false,
    dueAt: 500,
    lastTick,
    tickBefore: 50,
    nextTick: 500,
    latest,
  };
}

/** Allows so many starts. */
function allowing(free: number): (count: number) => Promise<number> {
  return async (count) => (count <= free ? 0 : 70);
}

describe('withinRate', () => {
  it('leaves alone what may start, and what starts nothing', async () => {
    const plan = due(100, 200);
    expect(await withinRate(plan, 210, allowing(2))).toBe(plan);
    const nothing = due();
    expect(await withinRate(nothing, 210, allowing(0))).toBe(nothing);
    expect(await withinRate({ kind: 'remove', lease }, 210, allowing(0))).toEqual({
      kind: 'remove',
      lease,
    });
  });

  it('fires the last tick of several when only one may start', async () => {
    expect(await withinRate(due(100, 200), 210, allowing(1))).toEqual({
      ...due(100, 200),
      ticks: [tick(200)],
    });
  });

  it('keeps the last tick due until its turn when none may start', async () => {
    expect(await withinRate(due(100, 200), 210, allowing(0))).toEqual({
      ...due(100, 200),
      ticks: [],
      lastTick: 50,
      dueAt: 280,
      nextTick: 200,
    });
    // 200, 300 and 400 fall together with 500, which is due when its turn comes.
    expect(await withinRate(due(100), 110, async () => 450)).toMatchObject({
      ticks: [],
      dueAt: 560,
      nextTick: 500,
    });
    const asked: number[] = [];
    const waits = async (count: number): Promise<number> => asked.push(count) * 70;
    expect(await withinRate(due(100), 110, waits)).toMatchObject({ nextTick: 100, dueAt: 180 });
    expect(asked).toEqual([1]);
  });
});
