import type { JsonWebKey } from 'node:crypto';
import { Agent, request } from 'undici';
import type { Clock } from '@easyflow/kernel-time';
import type { Role } from '@easyflow/platform-database';
import { OperationalError, UnexpectedError, UserError } from '@easyflow/kernel-errors';
import type { LeaseOwner } from '../access/lease';
import type { ServiceName } from '../context/tenant';
import type {
  ApiKeyItem,
  AuthenticatedCaller,
  CreatedApiKey,
  CreatedTenant,
  DelegatedRequest,
  IssuerPort,
  LoginAnswer,
  NewTenant,
  ReceivedRequest,
  SenderKey,
  TenantItem,
} from './issuer-port';
import type { WorkloadIdentity } from './workload';
import { signAssertion } from './workload-assertion';

export interface HttpIssuerSettings {
  /** Base URL of the issuer. */
  url: string;
  identity: WorkloadIdentity;
  /** The database's, as the issuer's is; default that of this machine. */
  clock?: Pick<Clock, 'now'>;
  /** Default 3,000: a caller waits behind it. Five times as long where a password is hashed. */
  timeoutMs?: number;
}

/** What the issuer hashes a password for, a few at a time: a hundred that wait take it some seconds. */
const HASHING: ReadonlySet<string> = new Set(['login', 'create-tenant']);
const HASHING_TIMEOUTS = 5;

/** How the issuer answers an error. */
export interface IssuerProblem {
  kind: 'user' | 'operational' | 'unexpected';
  code: string;
  detail: string;
  status: number;
}

function isProblem(value: unknown): value is IssuerProblem {
  return typeof value === 'object' && value !== null && 'kind' in value && 'code' in value;
}

/** The issuer over HTTP, every request signed by the workload's key: the cluster. */
export class HttpIssuer implements IssuerPort {
  readonly #settings: HttpIssuerSettings;
  readonly #timeoutMs: number;
  readonly #agent: Agent;
  /** Passwords have connections of their own: whoever sends many would hold up every credential behind them. */
  readonly #hashing: Agent;

  constructor(settings: HttpIssuerSettings) {
    this.#settings = settings;
    this.#timeoutMs = settings.timeoutMs ?? 3_000;
    const connect = { timeout: Math.min(this.#timeoutMs, 1_000) };
    this.#agent = new Agent({ connect, connections: 16 });
    this.#hashing = new Agent({ connect, connections: 16 });
  }

  login(email: string, password: string): Promise<LoginAnswer> {
    return this.#call('login', { email, password });
  }

  jwks(): Promise<{ keys: JsonWebKey[] }> {
    return this.#call('jwks', {});
  }

  authenticate(credential: string, roles: readonly Role[]): Promise<AuthenticatedCaller> {
    return this.#call('authenticate', { credential, roles });
  }

  async delegate(
    credential: string,
    delegated: DelegatedRequest & { audience: ServiceName },
  ): Promise<string> {
    const { delegation } = await this.#call<{ delegation: string }>('delegate', {
      credential,
      request: delegated,
    });
    return delegation;
  }

  exchange(delegation: string, delegated: ReceivedRequest): Promise<AuthenticatedCaller> {
    return this.#call('exchange', { delegation, request: delegated });
  }

  registerOwner(slot: string): Promise<LeaseOwner> {
    return this.#call('register-owner', { slot });
  }

  async leaseSlot(holder: string): Promise<number> {
    return (await this.#call<{ slot: number }>('lease-slot', { holder })).slot;
  }

  async freeSlot(holder: string): Promise<void> {
    await this.#call('free-slot', { holder });
  }

  async verifyAdmin(adminKey: string): Promise<void> {
    await this.#call('verify-admin', { adminKey });
  }

  createTenant(adminKey: string, tenant: NewTenant): Promise<CreatedTenant> {
    return this.#call('create-tenant', { adminKey, tenant });
  }

  listTenants(
    adminKey: string,
    page: { limit: number; cursor?: string },
  ): Promise<{ items: TenantItem[]; nextCursor?: string }> {
    return this.#call('list-tenants', { adminKey, page });
  }

  suspendTenant(adminKey: string, tenantId: string, suspended: boolean): Promise<TenantItem> {
    return this.#call('suspend-tenant', { adminKey, tenantId, suspended });
  }

  async listKeys(adminKey: string, tenantId: string): Promise<ApiKeyItem[]> {
    return (await this.#call<{ items: ApiKeyItem[] }>('list-keys', { adminKey, tenantId })).items;
  }

  createKey(credential: string): Promise<CreatedApiKey> {
    return this.#call('create-key', { credential });
  }

  revokeKey(adminKey: string, tenantId: string, keyId: string): Promise<ApiKeyItem> {
    return this.#call('revoke-key', { adminKey, tenantId, keyId });
  }

  async rotateTokenKeys(adminKey: string): Promise<void> {
    await this.#call('rotate-token-keys', { adminKey });
  }

  async senderKeys(): Promise<SenderKey[]> {
    return (await this.#call<{ keys: SenderKey[] }>('sender-keys', {})).keys;
  }

  async close(): Promise<void> {
    await Promise.all([this.#agent.close(), this.#hashing.close()]);
  }

  async #call<T>(operation: string, content: object): Promise<T> {
    const body = JSON.stringify(content);
    const assertion = await signAssertion(
      this.#settings.identity,
      operation,
      body,
      this.#settings.clock,
    );
    const answer = await this.#post(operation, body, assertion);
    if (answer.statusCode === 200) return answer.content as T;
    throw this.#error(answer.statusCode, answer.content);
  }

  async #post(
    operation: string,
    body: string,
    assertion: string,
  ): Promise<{ statusCode: number; content: unknown }> {
    const hashes = HASHING.has(operation);
    try {
      const response = await request(new URL(`/v1/${operation}`, this.#settings.url), {
        method: 'POST',
        dispatcher: hashes ? this.#hashing : this.#agent,
        headers: { 'content-type': 'application/json', authorization: `Bearer ${assertion}` },
        body,
        signal: AbortSignal.timeout(hashes ? HASHING_TIMEOUTS * this.#timeoutMs : this.#timeoutMs),
      });
      return { statusCode: response.statusCode, content: await response.body.json() };
    } catch (cause) {
      throw new OperationalError('issuer.unavailable', 'The issuer does not answer', { cause });
    }
  }

  #error(statusCode: number, content: unknown): Error {
    if (!isProblem(content) || content.kind === 'operational') {
      return new OperationalError('issuer.unavailable', 'The issuer cannot answer just now');
    }
    if (content.kind === 'user') {
      return new UserError(content.code, content.detail, { status: content.status });
    }
    return new UnexpectedError('issuer.failed', `The issuer failed (${statusCode})`);
  }
}
