import { UnexpectedError } from '@easyflow/kernel-errors';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import type { TurnAnswer, TurnJob } from './turn-messages';

/** A thread runs compiled code only, also where the sources are run as they are (tests). */
const CODE = path.join(__dirname, '..', '..', 'dist', 'threads', 'turn-worker.js');

/** How often the computing time of a thread at work is looked at. */
const LOOK_MS = 1_000;

/**
 * Computing of one turn, in microseconds. It yields long before, unless one expression takes so long, whose steps are
 * bounded; so only a defect comes here.
 */
const MOST_CPU = 60_000_000;

/** The thread ended in the middle of a turn: it ran out of memory, say. */
export class ThreadDied extends UnexpectedError {
  constructor(how: string) {
    super('turn.thread_died', `The thread that ran the execution ended: ${how}`);
  }
}

/** A thread that takes one turn at a time. What it runs out of is its own: the process lives on. */
export class TurnThread {
  private readonly worker: Worker;
  /** The thread has ended, or is about to: it takes no more turns. */
  isOver = false;
  private ended = 'exit';
  private settle: ((answer: TurnAnswer | 'exit') => void) | undefined;

  constructor(mostMegabytes: number) {
    this.worker = new Worker(CODE, { resourceLimits: { maxOldGenerationSizeMb: mostMegabytes } });
    this.worker.once('exit', () => {
      this.isOver = true;
      this.settle?.('exit');
    });
    this.worker.on('error', (error: Error & { code?: string }) => {
      this.isOver = true;
      this.ended = error.code ?? error.message;
    });
    this.worker.on('message', (answer: TurnAnswer) => this.settle?.(answer));
    // An idle thread keeps no process alive.
    this.worker.unref();
  }

  /**
   * @throws ThreadDied
   * @throws Error as `postMessage` throws it, when the state is nested too deeply to be sent
   */
  async take(job: TurnJob): Promise<TurnAnswer> {
    const { promise, resolve } = Promise.withResolvers<TurnAnswer | 'exit'>();
    this.settle = resolve;
    this.worker.postMessage(job);
    this.worker.ref();
    const watch = this.watch();
    try {
      const answer = await promise;
      if (answer === 'exit') throw new ThreadDied(this.ended);
      return answer;
    } finally {
      clearInterval(watch);
      this.settle = undefined;
      this.worker.unref();
    }
  }

  async end(reason = 'closed'): Promise<void> {
    this.isOver = true;
    this.ended = reason;
    await this.worker.terminate();
  }

  private watch(): NodeJS.Timeout {
    let before: number | undefined;
    return setInterval(() => {
      if (this.isOver) return;
      void this.worker.cpuUsage().then(
        ({ user }) => {
          before ??= user;
          if (user - before > MOST_CPU && !this.isOver) void this.end('time');
        },
        // It has ended between the two: `exit` tells.
        () => undefined,
      );
    }, LOOK_MS);
  }
}
