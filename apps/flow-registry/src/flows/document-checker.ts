import type { FlowApplyBody } from '@easyflow/contracts-events';
import { OperationalError } from '@easyflow/kernel-errors';
import type { CheckedContent } from './check-document';
import { CheckingThread } from './checking-thread';

interface Job {
  tenantId: string;
  body: FlowApplyBody;
  resolve: (content: CheckedContent) => void;
  reject: (error: unknown) => void;
}

/** Documents of one tenant that wait, of 1 MB at most each: they may take their checks longer than anybody waits. */
const MOST_WAITING = 32;

export interface DocumentCheckerOptions {
  /** Threads at most; each takes some 40 MB, and none is started before there is something to check. */
  threads?: number;
  /** Milliseconds of computing a document may take. The largest ones that people write take one or two seconds. */
  computingMs?: number;
}

/**
 * Checks documents outside of the event loop: the densest YAML of 1 MB takes seconds to parse, and the loop may be
 * that of every service. Each tenant has one document at a time checked, and they take turns, so that nobody waits
 * for all documents of somebody else.
 */
export class DocumentChecker {
  private readonly threads: number;
  private readonly computingMs: number;
  private readonly all = new Set<CheckingThread>();
  private readonly idle: CheckingThread[] = [];
  /** Those whose turn comes next first. */
  private readonly waiting = new Map<string, Job[]>();
  private readonly served = new Set<string>();
  private isClosed = false;

  constructor({ threads = 2, computingMs = 5_000 }: DocumentCheckerOptions = {}) {
    this.threads = threads;
    this.computingMs = computingMs;
  }

  /**
   * @throws UserError `document.malformed` (400), `flow.invalid` (422) with the places
   * @throws OperationalError when the checker is closed, or so many of the tenant's documents wait already
   */
  check(tenantId: string, body: FlowApplyBody): Promise<CheckedContent> {
    return new Promise((resolve, reject) => {
      const job = { tenantId, body, resolve, reject };
      const queue = this.waiting.get(tenantId);
      if (queue && queue.length >= MOST_WAITING) {
        const message = 'Many documents of this tenant are waiting to be checked';
        reject(new OperationalError('registry.unavailable', message));
        return;
      }
      if (queue) queue.push(job);
      else this.waiting.set(tenantId, [job]);
      this.dispatch();
    });
  }

  async close(): Promise<void> {
    this.isClosed = true;
    this.dispatch();
    await Promise.all([...this.all].map((thread) => thread.end()));
  }

  private dispatch(): void {
    for (let job = this.next(); job; job = this.next()) {
      if (this.isClosed) {
        job.reject(
          new OperationalError('registry.unavailable', 'The flow registry is being stopped'),
        );
      } else void this.run(job);
    }
  }

  private next(): Job | undefined {
    if (this.served.size >= this.threads && !this.isClosed) return undefined;
    for (const [tenantId, jobs] of this.waiting) {
      if (this.served.has(tenantId) && !this.isClosed) continue;
      const job = jobs.shift();
      // The tenant's next document comes after one of every other.
      this.waiting.delete(tenantId);
      if (jobs.length > 0) this.waiting.set(tenantId, jobs);
      if (job) return job;
    }
    return undefined;
  }

  private async run({ tenantId, body, resolve, reject }: Job): Promise<void> {
    this.served.add(tenantId);
    const thread = this.thread();
    try {
      resolve(await thread.check(body));
    } catch (error) {
      reject(error);
    }
    this.served.delete(tenantId);
    if (thread.isOver) this.all.delete(thread);
    else this.idle.push(thread);
    this.dispatch();
  }

  private thread(): CheckingThread {
    for (let thread = this.idle.pop(); thread; thread = this.idle.pop()) {
      if (!thread.isOver) return thread;
      this.all.delete(thread);
    }
    const made = new CheckingThread(this.computingMs);
    this.all.add(made);
    return made;
  }
}
