import { FlushLanes } from './flush-lanes';

/** Lanes whose flushes take all that waits and end when they are told to. */
class Bench {
  readonly flushes: { rows: number; end: () => void }[] = [];
  private waiting = 0;
  private readonly lanes = new FlushLanes({
    lanes: 2,
    waiting: () => this.waiting,
    flush: () => {
      if (this.waiting === 0) return undefined;
      const { promise, resolve } = Promise.withResolvers<void>();
      this.flushes.push({ rows: this.waiting, end: resolve });
      this.waiting = 0;
      return promise;
    },
  });

  /** So many rows come; resolves when the lanes have looked at them, long before they run out of patience. */
  async add(rows: number): Promise<void> {
    this.waiting += rows;
    this.lanes.schedule();
    await this.turn();
  }

  async end(flush: number): Promise<void> {
    this.flushes[flush]?.end();
    await this.turn();
  }

  get sizes(): number[] {
    return this.flushes.map(({ rows }) => rows);
  }

  get idle(): boolean {
    return this.lanes.idle;
  }

  private async turn(): Promise<void> {
    for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('the lanes of flushes', () => {
  beforeEach(() => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] });
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it('flush at once while nothing is on its way, and a few rows after the flush before them', async () => {
    const bench = new Bench();
    await bench.add(1);
    expect(bench.sizes).toEqual([1]);
    await bench.add(3);
    await bench.add(4);
    expect(bench.sizes).toEqual([1]);
    await bench.end(0);
    expect(bench.sizes).toEqual([1, 7]);
    await bench.end(1);
    expect(bench.idle).toBe(true);
  });

  it('share the rows of one turn', async () => {
    const bench = new Bench();
    await Promise.all([bench.add(1), bench.add(2)]);
    expect(bench.sizes).toEqual([3]);
  });

  it('flush many rows side by side, over no more lanes than there are', async () => {
    const bench = new Bench();
    await bench.add(1);
    await bench.add(100);
    expect(bench.sizes).toEqual([1, 100]);
    await bench.add(500);
    expect(bench.sizes).toEqual([1, 100]);
    await bench.end(1);
    expect(bench.sizes).toEqual([1, 100, 500]);
  });

  it('do not let a few rows wait for a flush that takes long', async () => {
    const bench = new Bench();
    await bench.add(1);
    await bench.add(2);
    expect(bench.sizes).toEqual([1]);
    await jest.advanceTimersByTimeAsync(1_000);
    expect(bench.sizes).toEqual([1, 2]);
    expect(bench.idle).toBe(false);
  });
});
