import { FairQueue } from '../execution/fair-queue';
import { ThreadDied, TurnThread } from './turn-thread';
import { threadsDied, turnsOnThreads, turnsWaiting } from '../executor-metrics';

export interface TurnThreadsOptions {
  readonly size: number;
  /** Of the heap of each thread. */
  readonly mostMegabytes: number;
}

/** What a thread is asked for when its turn has come; false when nobody wants it any more. */
type Work = (thread: TurnThread) => Promise<void> | false;

/** A few threads that take turns, one of each tenant after the other. They are made when they are first needed. */
export class TurnThreads {
  private readonly queue = new FairQueue<Work>();
  private readonly idle: TurnThread[] = [];
  private readonly busy = new Set<TurnThread>();
  private readonly unobserve = turnsWaiting.observe(() => this.queue.size);
  private closed = false;

  constructor(private readonly options: TurnThreadsOptions) {}

  /**
   * Runs work with a thread of its own for that time. Undefined when it is no longer wanted then.
   * @throws ThreadDied; else what the work throws
   */
  run<T>(
    tenantId: string,
    isWanted: () => boolean,
    work: (thread: TurnThread) => Promise<T>,
  ): Promise<T | undefined> {
    return new Promise((resolve, reject) => {
      if (this.closed) return reject(new ThreadDied('closed'));
      this.queue.add(tenantId, (thread) => {
        if (!isWanted()) {
          resolve(undefined);
          return false;
        }
        turnsOnThreads.add(1);
        return work(thread).then(resolve, reject);
      });
      this.next();
    });
  }

  async close(): Promise<void> {
    this.closed = true;
    this.unobserve();
    await Promise.all([...this.idle, ...this.busy].map((thread) => thread.end()));
  }

  private next(): void {
    while (!this.closed && this.queue.size > 0 && this.busy.size < this.options.size) {
      const thread = this.idle.pop() ?? new TurnThread(this.options.mostMegabytes);
      if (thread.isOver) continue;
      const working = this.queue.take()?.(thread);
      if (!working) {
        this.idle.push(thread);
        continue;
      }
      this.busy.add(thread);
      void working.finally(() => {
        this.busy.delete(thread);
        if (!thread.isOver) this.idle.push(thread);
        else if (!this.closed) threadsDied.add(1);
        this.next();
      });
    }
  }
}
