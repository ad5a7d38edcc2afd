import { maySend } from '@easyflow/contracts-events';
import type { Clock } from '@easyflow/kernel-time';
import { TransportClient } from '@easyflow/platform-messaging';
import { CredentialCache, EnvelopeVerifier } from '@easyflow/tenant-context';
import { lastValueFrom } from 'rxjs';
import { AcceptanceService } from './acceptance/acceptance.service';
import { BoundKeys } from './acceptance/bound-keys';
import { HintSender } from './acceptance/hint-sender';
import { IntentQueue } from './acceptance/intent-queue';
import { IntentWriter } from './acceptance/intent-writer';
import { TenantTopics } from './admin/tenant-topics';
import { AuthenticationGuard } from './authentication/authentication.guard';
import { HeldRefusals } from './authentication/held-refusals';
import { Jwks } from './authentication/jwks';
import { JwtGuard } from './authentication/jwt.guard';
import { JwtStrategy } from './authentication/jwt.strategy';
import { gatewayRoles } from './authentication/principal';
import { RateLimitGuard } from './authentication/rate-limit.guard';
import { UnknownCredentials } from './authentication/unknown-credentials';
import { ExecutionRepository } from './executions/execution.repository';
import { SignalNotices } from './executions/signal-notices';
import { FlowRepository } from './flows/flow.repository';
import { FlowCache } from './flows/flow-cache';
import { FlowInputs } from './flows/flow-inputs';
import { InputThread } from './flows/input-thread';
import { RegistryClient } from './flows/registry-client';
import type { GatewayDeps } from './gateway-deps';
import { ResultReader } from './results/result-reader';
import { WaitRegistry } from './results/wait-registry';
import { LoginThrottle } from './sessions/login-throttle';
import { ServiceProbes } from './status/service-probes';
import { StatusSource } from './status/status-source';
import { UsageRepository } from './usage/usage.repository';

/** The gateway without its HTTP: every object that outlives a request, wired by hand. */
export class GatewayParts {
  /** The database's. */
  readonly clock: Clock;
  readonly client: TransportClient;
  readonly hints: HintSender;
  readonly signalNotices: SignalNotices;
  readonly queue: IntentQueue;
  readonly results: ResultReader;
  readonly waits: WaitRegistry;
  readonly flows: FlowRepository;
  readonly flowCache: FlowCache;
  private readonly inputThread = new InputThread();
  readonly acceptance: AcceptanceService;
  readonly registry: RegistryClient;
  readonly executions: ExecutionRepository;
  readonly usage: UsageRepository;
  readonly topics: TenantTopics;
  readonly status: StatusSource;
  readonly authentication: AuthenticationGuard;
  readonly rateLimit: RateLimitGuard;
  readonly logins: LoginThrottle;
  /** Set when the process begins to stop. */
  stopping = false;
  private readonly unsubscribe: (() => void)[] = [];

  constructor(private readonly deps: GatewayDeps & { clock: Clock }) {
    const { clock, database, issuer, localDispatch, logger, settings, signer, transport } = deps;
    this.clock = clock;
    const transportIsUp = () => transport.isUp();
    this.client = new TransportClient({
      transport,
      service: 'gateway',
      slot: settings.slot,
      signer,
      verifier: this.verifier(),
      log: logger,
    });
    this.hints = new HintSender({ transport, signer, logger });
    this.signalNotices = new SignalNotices({
      transportIsUp,
      emit: (type, notice) => this.emit(type, notice),
      logger,
    });
    const writer = new IntentWriter({
      writer: database.writer,
      localDispatch,
      canHint: transportIsUp,
      hint: (tenants) => this.hints.hint(tenants),
      clock,
    });
    this.queue = new IntentQueue((intents) => writer.write(intents), clock);
    this.results = new ResultReader(database.reader, database, clock);
    this.waits = new WaitRegistry(this.results, logger);
    this.flows = new FlowRepository(database);
    this.flowCache = new FlowCache({ flows: this.flows, noticesArrive: transportIsUp, clock });
    this.acceptance = new AcceptanceService({
      flows: this.flowCache,
      inputs: new FlowInputs(this.inputThread, logger),
      queue: this.queue,
      waits: this.waits,
      results: this.results,
      boundKeys: new BoundKeys(database.writer),
      transportIsUp,
      replySlot: localDispatch ? undefined : settings.slot,
      ecoWindow: settings.ecoWindow,
      logger,
      clock,
    });
    this.registry = new RegistryClient({
      database,
      issuer,
      transportIsUp,
      request: (pattern, request) => lastValueFrom(this.client.send(pattern, request)),
    });
    this.executions = new ExecutionRepository(database);
    this.usage = new UsageRepository(database);
    this.topics = new TenantTopics({
      transport,
      emit: (type, notice) => this.emit(type, notice),
      logger,
    });
    this.status = new StatusSource({
      database,
      transport,
      issuer,
      services: deps.services ?? new ServiceProbes({}),
      redis: deps.redis,
      health: async () => ({ ...database.health(), ...(await deps.machine?.()) }),
      stopping: () => this.stopping,
    });
    // The strategy registers itself with passport, where the guard finds it by name.
    new JwtStrategy(new Jwks(issuer, clock), clock);
    const refusals = new HeldRefusals();
    this.authentication = new AuthenticationGuard({
      credentials: new CredentialCache(issuer, gatewayRoles, clock),
      issuer,
      jwt: new JwtGuard(),
      unknown: new UnknownCredentials(deps.attempts),
      refusals,
      clock,
    });
    this.rateLimit = new RateLimitGuard(deps.limiter, refusals);
    this.logins = new LoginThrottle(deps.attempts);
  }

  /**
   * A verifier for one reader of messages. Not shared: replies and results come on one topic, and a verifier takes
   * a single-use message only once.
   */
  verifier(): EnvelopeVerifier {
    const { issuer, clock } = this.deps;
    return new EnvelopeVerifier({
      keys: () => issuer.senderKeys(),
      allowed: maySend,
      clock,
    });
  }

  /** Listens to what ends in this process and to the transport's state. */
  async start(): Promise<void> {
    const { localDispatch, transport } = this.deps;
    if (localDispatch) {
      this.unsubscribe.push(
        localDispatch.onEnded((ended) => {
          for (const { tenantId, id, ...result } of ended)
            this.waits.ended({ tenantId, id }, result);
        }),
      );
    }
    // Notices that were sent while the transport was down never come.
    this.unsubscribe.push(transport.onStateChange(() => this.flowCache.forgetAll()));
    await this.client.connect();
  }

  /** Nothing new may arrive any more: what was accepted is committed, who waits is answered. */
  async close(): Promise<void> {
    this.waits.close();
    await this.queue.drained();
    await Promise.all([this.hints.close(), this.signalNotices.close()]);
    for (const end of this.unsubscribe.splice(0)) end();
    await this.client.close();
    await this.inputThread.close();
  }

  private async emit(type: string, notice: object): Promise<void> {
    await lastValueFrom(this.client.emit(type, notice), { defaultValue: undefined });
  }
}
