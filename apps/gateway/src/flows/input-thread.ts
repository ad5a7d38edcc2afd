import { UserError } from '@easyflow/kernel-errors';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { FairQueue, type Queued } from '../acceptance/fair-queue';
import type { InputQuestion, InputVerdict } from './input-worker';

/** A thread runs compiled code only, also where the sources are run as they are (tests). */
const CODE = path.join(__dirname, '..', '..', 'dist', 'flows', 'input-worker.js');

/** Checks of one tenant that may wait: each holds an input. */
const MOST_WAITING = 50;

/** CPU that one check may take, and how often it is looked at, in milliseconds. */
const MOST_CPU_MS = 5_000;
const LOOK_MS = 100;

interface Job extends Queued {
  question: InputQuestion;
  resolve: (verdict: InputVerdict) => void;
}

/**
 * Checks of inputs that take long, outside of the event loop: a schema of 50 kB takes half a second to compile, and a
 * check may take 100 ms of steps. One at a time, tenants in turn. What takes longer than some seconds is not known: the
 * executor decides it.
 */
export class InputThread {
  private readonly waiting = new FairQueue<Job>();
  private readonly waitingOf = new Map<string, number>();
  private worker: Worker | undefined;
  private running: Job | undefined;

  /** @throws UserError `rate.exceeded` (429) when many of the tenant wait already */
  check(tenantId: string, question: InputQuestion): Promise<InputVerdict> {
    const own = this.waitingOf.get(tenantId) ?? 0;
    if (own >= MOST_WAITING) {
      throw new UserError(
        'rate.exceeded',
        'Too many large inputs of this tenant wait to be checked; slow down',
        { status: 429, retryAfterSeconds: 1 },
      );
    }
    this.waitingOf.set(tenantId, own + 1);
    return new Promise((resolve) => {
      this.waiting.push({ tenantId, size: question.input.length, question, resolve });
      this.next();
    });
  }

  async close(): Promise<void> {
    const { worker } = this;
    this.worker = undefined;
    await worker?.terminate();
  }

  private next(): void {
    if (this.running) return;
    const [job] = this.waiting.take({ items: 1, bytes: Infinity });
    if (!job) return;
    this.running = job;
    const worker = (this.worker ??= this.start());
    worker.ref();
    worker.postMessage(job.question);
    this.watch(worker, job);
  }

  private start(): Worker {
    const worker = new Worker(CODE);
    worker.on('message', (verdict: InputVerdict) => this.end(verdict));
    // Its end follows, and tells.
    worker.on('error', () => undefined);
    worker.on('exit', () => {
      if (this.worker === worker) this.worker = undefined;
      this.end({ kind: 'unknown', reason: 'the check takes too long or too much memory' });
    });
    // An idle thread keeps no process alive.
    worker.unref();
    return worker;
  }

  private end(verdict: InputVerdict): void {
    const job = this.running;
    if (!job) return;
    this.running = undefined;
    this.worker?.unref();
    const left = (this.waitingOf.get(job.tenantId) ?? 1) - 1;
    if (left === 0) this.waitingOf.delete(job.tenantId);
    else this.waitingOf.set(job.tenantId, left);
    job.resolve(verdict);
    this.next();
  }

  /** Ends the thread when the check has computed for too long; time without a processor does not count. */
  private watch(worker: Worker, job: Job): void {
    let before: number | undefined;
    const look = setInterval(() => {
      if (this.running !== job) {
        clearInterval(look);
        return;
      }
      void worker.cpuUsage().then(
        ({ user }) => {
          before ??= user;
          if (this.running === job && user - before > MOST_CPU_MS * 1_000) void worker.terminate();
        },
        // It has ended between the two: `exit` tells.
        () => undefined,
      );
    }, LOOK_MS);
    look.unref();
  }
}
