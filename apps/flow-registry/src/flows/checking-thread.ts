import type { FlowApplyBody } from '@easyflow/contracts-events';
import { FlowInvalidError } from '@easyflow/engine';
import { OperationalError, UnexpectedError, UserError } from '@easyflow/kernel-errors';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import type { CheckedContent } from './check-document';
import type { Loaded, Verdict } from './document-worker';

/** A thread runs compiled code only, also where the sources are run as they are (tests). */
const CODE = path.join(__dirname, '..', '..', 'dist', 'flows', 'document-worker.js');

/** How often the computing time of a thread at work is looked at. */
const LOOK_MS = 100;

/**
 * A thread that checks one document at a time, for as long as it may compute. Its heap has no limit of its own: a
 * thread that reaches one can take the whole process with it, and the reader bounds what it reads.
 */
export class CheckingThread {
  private readonly worker = new Worker(CODE);
  /** The thread has ended, or is about to: it takes no more documents. */
  isOver = false;
  private ended = 'The thread has ended';
  private answer: ((verdict: Verdict) => void) | undefined;
  private hasLoaded = false;

  constructor(
    /** Milliseconds of computing a document may take. */
    private readonly most: number,
  ) {
    this.worker.once('exit', () => (this.isOver = true));
    this.worker.on('error', (error: Error & { code?: string }) => {
      this.isOver = true;
      this.ended = error.code ?? error.message;
    });
    this.worker.on('message', (message: Verdict | Loaded) => {
      if (message.kind === 'loaded') this.hasLoaded = true;
      else this.answer?.(message);
    });
    // An idle thread keeps no process alive.
    this.worker.unref();
  }

  /**
   * @throws UserError as the document deserves it, or because it takes too long
   * @throws OperationalError when the thread is ended meanwhile
   */
  async check(body: FlowApplyBody): Promise<CheckedContent> {
    const { worker } = this;
    const { promise, resolve } = Promise.withResolvers<Verdict | 'exit'>();
    const exited = (): void => resolve('exit');
    worker.ref();
    this.answer = resolve;
    worker.once('exit', exited);
    worker.postMessage(body);
    const watch = this.watch();
    try {
      const verdict = await promise;
      if (verdict === 'exit') throw this.failure();
      return contentOf(verdict);
    } finally {
      clearInterval(watch);
      this.answer = undefined;
      worker.off('exit', exited);
      worker.unref();
    }
  }

  async end(reason = 'closed'): Promise<void> {
    this.isOver = true;
    this.ended = reason;
    await this.worker.terminate();
  }

  /**
   * Ends the thread when it has computed for too long. Neither the time in which it had no processor counts, nor
   * what it takes to load the code of a new one.
   */
  private watch(): NodeJS.Timeout {
    let before: number | undefined;
    return setInterval(() => {
      if (this.isOver || !this.hasLoaded) return;
      void this.worker.cpuUsage().then(
        ({ user }) => {
          before ??= user;
          if (user - before > this.most * 1_000 && !this.isOver) void this.end('time');
        },
        // It has ended between the two: `exit` tells.
        () => undefined,
      );
    }, LOOK_MS);
  }

  private failure(): Error {
    if (this.ended === 'time') return tooCostly(this.most / 1_000);
    if (this.ended === 'closed') {
      return new OperationalError('registry.unavailable', 'The flow registry is being stopped');
    }
    return new UnexpectedError('registry.check_failed', `The check of a document: ${this.ended}`);
  }
}

function tooCostly(seconds: number): FlowInvalidError {
  const message = `The document takes more than ${seconds} seconds of computing to check; split the flow`;
  return new FlowInvalidError([{ pointer: '#', message }]);
}

function contentOf(verdict: Verdict): CheckedContent {
  if (verdict.kind === 'good') return verdict.content;
  if (verdict.kind === 'failed') {
    throw new UnexpectedError(
      'registry.check_failed',
      `The check of a document: ${verdict.reason}`,
    );
  }
  const { code, status, message, errors } = verdict.refusal;
  throw new UserError(code, message, { status, ...(errors && { errors }) });
}
