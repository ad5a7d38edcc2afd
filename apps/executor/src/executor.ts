import type { Clock } from '@easyflow/kernel-time';
import { InMemoryRateLimiter, StartGate } from '@easyflow/platform-limiter';
import { OwnerSlot, type IssuerPort, type LeaseOwner } from '@easyflow/tenant-context';
import { UnexpectedError } from '@easyflow/kernel-errors';
import { Checkpointer } from './checkpoint/checkpointer';
import { Claimer } from './claiming/claimer';
import { Deferrals } from './claiming/deferrals';
import { ExecutionLoader } from './claiming/execution-loader';
import { LeaseReturns } from './claiming/lease-returns';
import { LeaseKeeper } from './claiming/lease-keeper';
import { SignalWatch } from './claiming/signal-watch';
import { TenantShares } from './claiming/tenant-shares';
import { TenantTokens } from './claiming/tenant-tokens';
import { BornLeased } from './dispatch/local-dispatch';
import { AfterCommit } from './execution/after-commit';
import { Effects } from './execution/effects';
import { EngineTurns } from './execution/engine-turns';
import { ExecutionRunner } from './execution/execution-runner';
import { LiveExecutions } from './execution/live-executions';
import { executionsInFlight } from './executor-metrics';
import type { ExecutorDeps } from './executor-deps';
import type { ExecutorSettings } from './executor-settings';
import { LifecyclePublisher } from './lifecycle/lifecycle-publisher';
import { OutboxSweeper } from './lifecycle/outbox-sweeper';
import { ProgramCache } from './programs/program-cache';
import { SubFlows } from './programs/sub-flows';
import { EndedResults } from './results/ended-results';
import { ThreadTurns } from './threads/thread-turns';
import { TurnThreads } from './threads/turn-threads';
import { RestingStates } from './state/resting-states';

/** `ExecutorDeps`, complete. */
export type ExecutorParts = Omit<ExecutorDeps, 'issuer' | 'settings'> & {
  readonly settings: ExecutorSettings;
  readonly issuer: Pick<IssuerPort, 'registerOwner'>;
  readonly clock: Clock;
};

const SAVE_EVERY_MS = 100;

/** Claims executions, runs them, checkpoints them. Framework-free; the Nest application around it routes hints. */
export class Executor {
  readonly localDispatch: BornLeased;
  readonly live: LiveExecutions;
  private readonly checkpointer: Checkpointer;
  private readonly claimer: Claimer;
  private readonly deferrals: Deferrals;
  private readonly keeper: LeaseKeeper;
  private readonly publisher: LifecyclePublisher;
  private readonly results: EndedResults;
  private readonly returns: LeaseReturns;
  private readonly runner: ExecutionRunner;
  private readonly resting: RestingStates;
  private readonly signals: SignalWatch;
  private readonly sweeper: OutboxSweeper;
  private readonly threads: TurnThreads;
  private readonly timers: NodeJS.Timeout[] = [];
  private readonly slot: OwnerSlot;
  private unobserve: (() => void) | undefined;
  private closing = false;

  constructor(private readonly parts: ExecutorParts) {
    const { settings, database, transport, signer, clock, logger } = parts;
    const { claims, reader, writer } = database;
    const owner = () => this.registeredOwner();
    this.slot = new OwnerSlot({
      issuer: parts.issuer,
      claims,
      slot: settings.slot,
      isOurs: parts.ownsSlot,
      lost: () => this.dropAll(),
      clock,
      logger,
    });
    const ownerIfAny = () => (this.closing ? undefined : this.slot.owner);
    const { leaseMs, pollMs, ecoWindow, version } = settings;
    const live = new LiveExecutions(settings.maxInFlight, settings.maxInMemory);
    const tokens = new TenantTokens(claims, owner, database.clock);
    const checkpointer = new Checkpointer({
      writer,
      tokens,
      owner: () => owner().owner,
      clock,
      logger,
    });
    const effects = new Effects(parts.caller, clock, logger);
    const starts = new StartGate(parts.starts ?? new InMemoryRateLimiter(clock), clock);
    const subFlows = new SubFlows(database, starts, clock);
    const deferrals = new Deferrals({ claims, writer, tokens, owner, version, logger });
    const returns = new LeaseReturns({ claims, owner, logger });
    const shares = new TenantShares(live, returns, clock);
    const base = { live, shares, tokens, deferrals, returns, clock, logger };
    const threads = new TurnThreads({
      size: settings.threads,
      mostMegabytes: settings.threadMegabytes,
    });
    const engine = new EngineTurns(new ThreadTurns(threads));
    const runner = new ExecutionRunner({
      ...base,
      checkpointer,
      engine,
      effects,
      subFlows,
      ecoWindow,
    });
    const signals = new SignalWatch({ ...base, reader, runner });
    const programs = new ProgramCache(database);
    const resting = new RestingStates();
    const loader = new ExecutionLoader({ ...base, database, programs, runner, resting });
    const results = new EndedResults(transport, signer, logger);
    const claimer = new Claimer({
      ...base,
      claims,
      owner: ownerIfAny,
      take: (leases) => loader.load(leases),
      leaseMs,
      pollMs,
      version,
    });
    const publisher = new LifecyclePublisher({
      transport,
      signer,
      epochOf: (tenantId) => tokens.get(tenantId, 'ef_writer')?.placement.epoch ?? 0,
      published: (rows) => checkpointer.forget(rows),
      logger,
    });
    checkpointer.listen(
      new AfterCommit({
        live,
        runner,
        returns,
        claimer,
        signals,
        publisher,
        results,
        resting,
        logger,
      }),
    );
    this.keeper = new LeaseKeeper({
      ...base,
      claims,
      owner: () => this.slot.owner,
      runner,
      signals,
      leaseMs,
    });
    this.sweeper = new OutboxSweeper({
      database,
      owner: ownerIfAny,
      tokens,
      transport,
      publisher,
      forget: (rows) => checkpointer.forget(rows),
      leaseMs,
      logger,
    });
    this.localDispatch = new BornLeased({
      ...base,
      owner: ownerIfAny,
      refused: (refused) => this.slot.refused(refused),
      programs,
      compileAndStart: (execution) => void loader.compileAndStart(execution),
      runner,
      claimer,
      results,
      leaseMs,
    });
    this.live = live;
    this.threads = threads;
    this.deferrals = deferrals;
    this.returns = returns;
    this.checkpointer = checkpointer;
    this.claimer = claimer;
    this.publisher = publisher;
    this.results = results;
    this.runner = runner;
    this.resting = resting;
    this.signals = signals;
  }

  /** Registers the slot, in the background when the issuer is down, and begins to claim. */
  async start(): Promise<void> {
    this.unobserve = executionsInFlight.observe(() => this.live.size);
    await this.slot.start();
    this.claimer.start();
    this.keeper.start();
    this.sweeper.start();
    this.timers.push(setInterval(() => this.runner.saveLongRunning(), SAVE_EVERY_MS));
  }

  get registered(): boolean {
    return this.slot.owner !== undefined;
  }

  /** A hint has come: claims until a claim comes back short. */
  hinted(): Promise<void> {
    return this.claimer.claim();
  }

  /** Signals of executions have committed: those that are in memory here read them. */
  signalled(pairs: readonly { readonly tenantId: string; readonly id: string }[]): void {
    this.signals.lookAt(pairs);
  }

  /**
   * Stops claiming, waits for effects in flight up to the drain time, checkpoints what can be, and gives the
   * other leases back, so that other executors go on at once.
   */
  async close(): Promise<void> {
    this.closing = true;
    this.runner.close();
    await this.claimer.stop();
    await this.sweeper.stop();
    await this.drained();
    for (const timer of this.timers) clearInterval(timer);
    await this.keeper.stop();
    await this.giveBackRest();
    await this.threads.close();
    await this.publisher.close();
    this.checkpointer.drain();
    await this.settled(2_000);
    await this.results.close();
    this.slot.close();
    this.resting.clear();
    this.unobserve?.();
  }

  /** Registering the slot elsewhere gave back all leases held under it: whoever claims them goes on. */
  private dropAll(): void {
    for (const execution of [...this.live.all()]) this.runner.lose(execution, 'taken');
  }

  private registeredOwner(): LeaseOwner {
    const { owner } = this.slot;
    if (owner) return owner;
    throw new UnexpectedError('executor.not_registered', 'Leases are used before the slot has one');
  }

  private async drained(): Promise<void> {
    const end = this.parts.clock.monotonic() + this.parts.settings.drainMs;
    while (!this.live.empty && this.parts.clock.monotonic() < end) await pause();
    await this.settled(Math.max(0, end - this.parts.clock.monotonic()));
  }

  private async settled(limitMs: number): Promise<void> {
    const end = this.parts.clock.monotonic() + limitMs;
    while (!this.checkpointer.idle && this.parts.clock.monotonic() < end) await pause();
  }

  private async giveBackRest(): Promise<void> {
    const rest = [...this.live.all()];
    for (const execution of rest) this.runner.drop(execution);
    await this.returns.giveBack(rest.map((execution) => execution.lease));
    await Promise.all([this.returns.settled(), this.deferrals.settled()]);
  }
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 20));
}
