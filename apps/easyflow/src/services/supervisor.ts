/** A process that is up. */
export interface SupervisedProcess {
  readonly pid: number;
  readonly url?: string;
  /** Resolves once, when it has ended for whatever reason. */
  readonly exited: Promise<unknown>;
  /** Ends it cleanly; resolves when it is gone. */
  stop(): Promise<void>;
}

export interface ProcessEntry {
  service: string;
  pid: number;
  url?: string;
}

/** Starts a process; says its id as soon as it has one, which may be long before it is ready. */
export type Start<T extends SupervisedProcess> = (spawned: (pid: number) => void) => Promise<T>;

interface Slot {
  readonly service: string;
  readonly start: Start<SupervisedProcess>;
  running: SupervisedProcess | undefined;
  /** Of a process that has been started again and is not ready yet. */
  startingPid: number | undefined;
  /** Ends in a row without a quiet time between: the pause before the next start grows with it. */
  failures: number;
}

const quietTimeMs = 10_000;
const firstPauseMs = 100;
/** What dies is to be started again within two seconds. */
const longestPauseMs = 1_500;

/**
 * Keeps processes running, as a cluster would: whatever dies is started again. Processes are stopped in
 * the reverse order of their start, so that nobody loses what it depends on.
 */
export class Supervisor {
  private readonly slots: Slot[] = [];
  private stopping = false;
  private readonly restarts = new Set<Promise<void>>();
  private changes = Promise.resolve();

  constructor(
    private readonly options: {
      restart: boolean;
      say: (line: string) => void;
      /** Called after every change of the list, in order. */
      onChange: (processes: ProcessEntry[]) => Promise<void>;
    },
  ) {}

  /** Starts a process and keeps it. Rejects when its first start fails. */
  async add<T extends SupervisedProcess>(service: string, start: Start<T>): Promise<T> {
    const slot: Slot = { service, start, running: undefined, startingPid: undefined, failures: 0 };
    const running = await start(() => undefined);
    slot.running = running;
    this.slots.push(slot);
    this.watch(slot, running);
    return running;
  }

  get processes(): ProcessEntry[] {
    return this.slots.flatMap(({ service, running, startingPid }) => {
      const pid = running?.pid ?? startingPid;
      if (pid === undefined) return [];
      return [{ service, pid, ...(running?.url === undefined ? {} : { url: running.url }) }];
    });
  }

  async stop(): Promise<void> {
    this.stopping = true;
    await Promise.all(this.restarts);
    for (const { running } of [...this.slots].reverse()) await running?.stop();
  }

  private watch(slot: Slot, running: SupervisedProcess): void {
    const startedAt = performance.now();
    void running.exited.then(() => {
      slot.running = undefined;
      if (this.stopping) return;
      slot.failures = performance.now() - startedAt > quietTimeMs ? 1 : slot.failures + 1;
      const work = this.afterEnd(slot, running.pid).finally(() => this.restarts.delete(work));
      this.restarts.add(work);
    });
  }

  private async afterEnd(slot: Slot, pid: number): Promise<void> {
    const then = this.options.restart ? '; starting it again' : '';
    this.options.say(`${slot.service} (pid ${pid}) has ended${then}`);
    await this.changed();
    if (this.options.restart) await this.startAgain(slot);
  }

  /**
   * One after the other, so that an older list never replaces a newer one. What cannot be noted (the disk is full) ends
   * nothing: the next change notes it.
   */
  private changed(): Promise<void> {
    const note = () => this.options.onChange(this.processes);
    this.changes = this.changes.then(note).catch((error: unknown) => {
      this.options.say(`the list of processes could not be written: ${String(error)}`);
    });
    return this.changes;
  }

  private async startAgain(slot: Slot): Promise<void> {
    while (!this.stopping) {
      await pause(Math.min(firstPauseMs * 2 ** (slot.failures - 1), longestPauseMs));
      try {
        const running = await slot.start((pid) => {
          slot.startingPid = pid;
          void this.changed();
        });
        slot.running = running;
        slot.startingPid = undefined;
        this.watch(slot, running);
        this.options.say(`${slot.service} runs again (pid ${running.pid})`);
        await this.changed();
        return;
      } catch (error) {
        slot.startingPid = undefined;
        slot.failures += 1;
        this.options.say(`${slot.service} could not be started: ${(error as Error).message}`);
      }
    }
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
