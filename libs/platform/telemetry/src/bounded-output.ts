import { constants, fstatSync, openSync, write, writeSync } from 'node:fs';

/** How much waits for an output that takes nothing; more is dropped. */
const MOST_WAITING = 1_000_000;
const MOST_AT_ONCE = 65_536;
/** A pipe that is full may be read the next moment, a disk that is full stays so for a while. */
const FULL_PIPE_MS = 50;
const FAILED_MS = 1_000;

export interface BoundedOutputOptions {
  /** The line that says how many were dropped, once there is room again. */
  noteOf: (dropped: number) => string;
  /** Characters; default 1,000,000. */
  mostWaiting?: number;
}

/**
 * Lines for a file descriptor that may take none: a full disk, a pipe that nobody reads, a terminal that is gone. They
 * never block the event loop and never fail: what does not fit is dropped and counted. Node's own streams of standard
 * output block on a full pipe, and an error of theirs ends the process.
 */
export class BoundedOutput {
  private readonly target: number;
  private readonly mayBlock: boolean;
  private readonly most: number;
  private queue: string[] = [];
  private waiting = 0;
  /** What is being written, or is to be written again. */
  private pending: Buffer | undefined;
  private writing = false;
  private timer: NodeJS.Timeout | undefined;
  private dropped = 0;
  /** A part of a line was written before the rest failed. */
  private torn = false;

  constructor(
    fd: number,
    private readonly options: BoundedOutputOptions,
  ) {
    const { target, mayBlock } = withoutBlocking(fd);
    this.target = target;
    this.mayBlock = mayBlock;
    this.most = options.mostWaiting ?? MOST_WAITING;
    process.once('exit', () => this.flushSync());
  }

  /** Lines that have been dropped and not been told of. */
  get droppedLines(): number {
    return this.dropped;
  }

  write(text: string): void {
    if (this.waiting + text.length > this.most) {
      this.dropped += linesIn(text);
      return;
    }
    this.queue.push(text);
    this.waiting += text.length;
    if (!this.writing && !this.timer) this.next();
  }

  /** One last try, for the end of the process. What a thread is writing is left to it. */
  flushSync(): void {
    if (this.writing && this.mayBlock) return;
    const begun = this.writing ? undefined : this.pending;
    const rest = Buffer.concat([begun ?? Buffer.alloc(0), Buffer.from(this.queue.join(''))]);
    if (!this.writing) this.pending = undefined;
    this.queue = [];
    this.waiting = 0;
    if (rest.length === 0) return;
    try {
      writeSync(this.target, rest);
    } catch {
      // There is nobody left to be told.
    }
  }

  private next(): void {
    const part = this.pending ?? this.take();
    if (!part) return;
    this.pending = part;
    this.writing = true;
    write(this.target, part, 0, part.length, null, (error, written) => {
      this.writing = false;
      if (error) this.failed(error, part);
      else this.wrote(part, written);
    });
  }

  private take(): Buffer | undefined {
    const told = this.dropped;
    let text = this.torn ? '\n' : '';
    if (told > 0) text += this.options.noteOf(told);
    let count = 0;
    while (count < this.queue.length && text.length < MOST_AT_ONCE) {
      text += this.queue[count] ?? '';
      count += 1;
    }
    if (text === '') return undefined;
    for (const line of this.queue.splice(0, count)) this.waiting -= line.length;
    this.dropped -= told;
    this.torn = false;
    return Buffer.from(text);
  }

  private wrote(part: Buffer, written: number): void {
    this.torn = written < part.length;
    this.pending = this.torn ? part.subarray(written) : undefined;
    if (this.pending || this.queue.length > 0 || this.dropped > 0) this.next();
  }

  private failed(error: NodeJS.ErrnoException, part: Buffer): void {
    const isFull = error.code === 'EAGAIN' || error.code === 'EBUSY' || error.code === 'EINTR';
    if (!isFull) {
      this.dropped += linesIn(part.toString());
      this.pending = undefined;
    }
    this.timer = setTimeout(
      () => {
        this.timer = undefined;
        if (this.pending || this.queue.length > 0) this.next();
      },
      isFull ? FULL_PIPE_MS : FAILED_MS,
    );
    this.timer.unref();
  }
}

/**
 * The same pipe or terminal, opened anew without blocking: to set that on the descriptor itself would change it for
 * whoever else has it. A file stays as it is, as its place in it is shared; where it cannot be opened anew, a write
 * blocks a thread of Node's pool, not the event loop.
 */
function withoutBlocking(fd: number): { target: number; mayBlock: boolean } {
  try {
    const kind = fstatSync(fd);
    if (kind.isFile()) return { target: fd, mayBlock: false };
    const { O_WRONLY, O_NONBLOCK, O_NOCTTY } = constants;
    const flags = O_WRONLY | O_NONBLOCK | O_NOCTTY;
    return { target: openSync(`/proc/self/fd/${fd}`, flags), mayBlock: false };
  } catch {
    return { target: fd, mayBlock: true };
  }
}

function linesIn(text: string): number {
  let lines = 0;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines += 1;
  return Math.max(1, lines);
}
