import type {
  Advance,
  CloudEvent,
  CallHttpEffect,
  Effect,
  ExecutionState,
  HistoryItem,
  Json,
  Program,
  RunFlowEffect,
  Signal,
} from '@easyflow/engine';
import { pairKey, type Lease, type TenantKey } from '@easyflow/tenant-context';
import type { Checkpoint, ChildExecution } from '../checkpoint/checkpoint';
import { ThreadProgram } from '../programs/thread-program';
import { StoredValues } from '../state/stored-values';
import { isFinal } from './final';
import { flowKey } from './flow-key';

/** A row of `execution_signals`; one that means nothing has no signal, and is only deleted. */
export interface StoredSignal {
  readonly id: string;
  readonly signal: Signal | undefined;
}

/** Immutable facts of an execution. */
export interface ExecutionFacts {
  readonly tenantId: string;
  readonly id: string;
  readonly flow: { readonly namespace: string; readonly name: string; readonly version: string };
  readonly mode: string;
  readonly input: Json;
  readonly parentId?: string | undefined;
  /** Effect key in the parent, or `schedule:<id>` of a schedule that counts from the end of this. */
  readonly parentKey?: string | undefined;
  readonly replySlot?: string | undefined;
  readonly traceParent?: string | undefined;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
}

/**
 * Where a live execution is. `ready`: waits for its turn to advance; `away`: a thread takes its turn, or is going to;
 * `idle`: waits for effects or timers; `saving`: a checkpoint is queued or on its way, and nothing advances meanwhile;
 * `gone`: no longer ours.
 */
export type Phase = 'ready' | 'away' | 'idle' | 'saving' | 'gone';

/** A signal that the engine has not seen; from `execution_signals` with its row's id. */
interface Arrived {
  readonly signal: Signal | undefined;
  readonly id?: string;
}

/** What there was before a turn that may be taken back: it ended the execution, or runs flows that nothing waits for. */
interface BeforeTurn {
  readonly state: ExecutionState | undefined;
  readonly startedAt: number | undefined;
  readonly history: readonly HistoryItem[];
  readonly events: readonly CloudEvent[];
  readonly children: readonly ChildExecution[];
  readonly abandonedChildren: readonly string[];
  readonly toStart: readonly CallHttpEffect[];
  readonly signals: readonly Arrived[];
}

/** An execution under a lease of this process, from its claim to the checkpoint that lets it go. */
export class LiveExecution {
  phase: Phase = 'idle';
  state: ExecutionState | undefined;
  /** What is stored beside the state. */
  values: StoredValues;
  /** Of its row, as far as this process knows: it may be behind when the answer to a COMMIT was lost. */
  revision = 0;
  startedAt: number | undefined;
  private readonly inbox: Arrived[] = [];
  /** What the engine was last given of it. */
  private lastArrived: readonly Arrived[] = [];
  /** Rows of `execution_signals` whose signals the engine has seen: the next checkpoint deletes them. */
  consumed: string[] = [];
  /** Rows of `execution_signals` taken from the database, so that none is taken twice. */
  private readonly taken = new Set<string>();
  /** What happened since the last checkpoint. */
  history: HistoryItem[] = [];
  events: CloudEvent[] = [];
  children: ChildExecution[] = [];
  /** What they weigh, about. */
  unsavedCharacters = 0;
  /** Sub-flows nobody waits for any more: the next checkpoint cancels them. */
  abandonedChildren: string[] = [];
  /** Effects that begin when the next checkpoint has committed. */
  readonly toStart: CallHttpEffect[] = [];
  readonly effects = new Map<string, AbortController>();
  /** Whether a signal has been consumed that no checkpoint holds yet: no effect may begin before it does. */
  dirty = false;
  /** Monotonic time since which memory is ahead of the database while effects run. */
  unsavedSince: number | undefined;
  /** The earliest timer, milliseconds since the epoch, and what waits for it in this process. */
  wakeAt: number | undefined;
  timer: NodeJS.Timeout | undefined;
  /** Another process may have had effects in flight that are to be performed again. */
  inherited = false;
  /** Monotonic time of the last checkpoint, or of the first turn that yielded. */
  savedAt: number | undefined;
  /** The budget of pure work was used up: it goes on behind the others. */
  yielded = false;
  /** Its tenant starts too many executions: a turn begins few tasks at once. */
  startsFew = false;
  /** Turns begun: what a thread answers to an earlier one is of no use. */
  turn = 0;
  /** Its turns take long: a thread takes them. */
  isHeavy = false;
  /** What the thread that took its last turn still has of it. */
  onThread:
    | { readonly thread: object; readonly number: number; readonly state: ExecutionState }
    | undefined;
  /** The last checkpoint was refused for its data; the next one only says that it faulted. */
  poisoned = false;
  /** Wakes that the work row holds whose signals have not been read yet. */
  unreadWakes: number | undefined;
  /** A final checkpoint that was not written because of them. */
  held: Checkpoint | undefined;
  /** Kept while such a turn is being looked into; undefined when the end came from outside the engine. */
  private beforeTurn: BeforeTurn | undefined;
  /** Flows that a turn that was taken back has shown not to exist. */
  private readonly missing = new Set<string>();

  /** Of the pair, for maps and for the order of locks. */
  readonly key: TenantKey;

  constructor(
    readonly facts: ExecutionFacts,
    /** Known before its first turn. */
    public program: Program | ThreadProgram | undefined,
    public lease: Lease,
  ) {
    this.key = pairKey(facts.tenantId, facts.id);
    this.values = new StoredValues(facts.input);
  }

  get hasSignals(): boolean {
    return this.inbox.length > 0;
  }

  /** Whether there are signals that only this process knows. */
  get hasOwnSignals(): boolean {
    return this.inbox.some(({ id }) => id === undefined);
  }

  signal(signal: Signal): void {
    this.inbox.push({ signal });
  }

  /** Whether a cancellation has come that the engine has not seen. */
  get isCancelled(): boolean {
    return this.inbox.some(({ signal }) => signal?.kind === 'cancel');
  }

  /** Whether this process may cancel it without a thread. */
  get canEndHere(): boolean {
    return this.program !== undefined && !(this.program instanceof ThreadProgram);
  }

  /** Takes stored signals; true when one is new to this process. */
  receive(stored: readonly StoredSignal[]): boolean {
    const news = stored.filter(({ id }) => !this.taken.has(id));
    for (const { id, signal } of news) {
      this.taken.add(id);
      this.inbox.push({ id, signal });
    }
    return news.length > 0;
  }

  /** The signals that have come since the engine was last asked. */
  takeSignals(): Signal[] {
    const arrived = this.inbox.splice(0);
    this.lastArrived = arrived;
    if (arrived.length > 0) this.dirty = true;
    for (const { id } of arrived) if (id !== undefined) this.consumed.push(id);
    return arrived.flatMap(({ signal }) => signal ?? []);
  }

  /** Remembers what an advance did, for the next checkpoint. */
  record(advance: Advance): void {
    if (isFinal(advance) || advance.effects.some(runsFlow)) this.keepBeforeTurn();
    this.missing.clear();
    this.state = advance.state;
    // One that is cancelled before its first turn has never started.
    const [first] = advance.history;
    if (first?.type === 'executionStarted') this.startedAt = Date.parse(first.at);
    this.history.push(...advance.history);
    this.events.push(...advance.events);
    this.unsavedCharacters += advance.handedOut;
    this.yielded = advance.yielded;
    if (advance.readsTime) this.dirty = true;
    for (const id of advance.abandonedChildren) this.abandonChild(id);
    for (const key of advance.abandoned) {
      this.effects.get(key)?.abort();
      this.effects.delete(key);
      const waiting = this.toStart.findIndex((effect) => effect.key === key);
      if (waiting >= 0) this.toStart.splice(waiting, 1);
    }
  }

  /**
   * Takes back the turn that ended the execution, and gives its signals to the next one. False when no turn did: it
   * was ended from outside the engine.
   */
  reopen(unwritten: Pick<Checkpoint, 'consumed'>): boolean {
    const before = this.beforeTurn;
    this.beforeTurn = undefined;
    if (!before) return false;
    this.state = before.state;
    this.startedAt = before.startedAt;
    this.history = [...before.history];
    this.events = [...before.events];
    this.children = [...before.children];
    this.abandonedChildren = [...before.abandonedChildren];
    this.toStart.push(...before.toStart);
    this.inbox.unshift(...before.signals);
    const again = new Set(before.signals.map(({ id }) => id));
    this.consumed = unwritten.consumed.filter((id) => !again.has(id));
    return true;
  }

  /** The execution is ended from outside the engine: no turn can be taken back. */
  forgetTurn(): void {
    this.beforeTurn = undefined;
  }

  /**
   * Takes back the turn just recorded, whose sub-flows cannot be started so. False when the execution was ended from
   * outside the engine meanwhile.
   */
  takeBack(): boolean {
    const { consumed } = this;
    this.toStart.length = 0;
    return this.reopen({ consumed });
  }

  /** There are no such flows: tasks that would run them and not wait fault in the next turn. */
  knowMissing(flows: readonly RunFlowEffect['flow'][]): void {
    for (const flow of flows) this.missing.add(flowKey(flow));
  }

  get missingFlows(): readonly string[] {
    return [...this.missing];
  }

  /** Whether a turn that was taken back has shown that there is no such flow. */
  isMissing(flow: RunFlowEffect['flow']): boolean {
    return this.missing.has(flowKey(flow));
  }

  private keepBeforeTurn(): void {
    const { state, startedAt, history, events, children, abandonedChildren, toStart } = this;
    this.beforeTurn = {
      state,
      startedAt,
      history: [...history],
      events: [...events],
      children: [...children],
      abandonedChildren: [...abandonedChildren],
      toStart: [...toStart],
      signals: this.lastArrived,
    };
  }

  /** Cancels a sub-flow with the next checkpoint; one that no checkpoint has created yet never comes to be. */
  private abandonChild(id: string): void {
    const uncreated = this.children.findIndex((child) => child.id === id);
    if (uncreated >= 0) this.children.splice(uncreated, 1);
    else this.abandonedChildren.push(id);
  }

  /** Stops everything that runs for this execution in this process. */
  leave(): void {
    this.phase = 'gone';
    clearTimeout(this.timer);
    for (const controller of this.effects.values()) controller.abort();
    this.effects.clear();
    this.toStart.length = 0;
  }
}

function runsFlow(effect: Effect): boolean {
  return effect.kind === 'runFlow';
}
