import type { ServiceName } from '@easyflow/contracts-events';
import { accessToken } from '@easyflow/contracts-http';
import { defaultEcoWindow } from '@easyflow/domain-schedule';
import type { Json } from '@easyflow/engine';
import { startFlowRegistry, type RunningFlowRegistry } from '@easyflow/flow-registry';
import { OperationalError } from '@easyflow/kernel-errors';
import { InMemoryAttemptLimiter, InMemoryRateLimiter } from '@easyflow/platform-limiter';
import { InProcessTransport } from '@easyflow/platform-messaging';
import { logger } from '@easyflow/platform-telemetry';
import {
  DatabaseAccess,
  EnvelopeSigner,
  InProcessIssuer,
  IssuerCore,
  readJwtKeys,
  senderKeyOf,
  SERVICE_NAMES,
  workloadIdentity,
  type LocalDispatch,
  type TenantLimits,
  type WorkloadIdentity,
} from '@easyflow/tenant-context';
import { createTestDatabase, type TestDatabase, type TestTenant } from '@easyflow/testing';
import { SignJWT } from 'jose';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { GatewaySettings } from './gateway-deps';
import { startGateway, type RunningGateway } from './start-gateway';

/** Specs write nothing to the log; set to `debug` to see why one fails. */
const quiet = logger('test', { level: process.env['EASYFLOW_TEST_LOG'] ?? 'silent' });

export interface JwtOptions {
  tenantId: string;
  userId: string;
  issuer?: string;
  audience?: string;
  expiresInSeconds?: number;
}

/** The real issuer in the same process, which a spec can take down. */
export class RigIssuer extends InProcessIssuer {
  down = false;

  override authenticate(...args: Parameters<InProcessIssuer['authenticate']>) {
    return this.up(() => super.authenticate(...args));
  }

  override login(...args: Parameters<InProcessIssuer['login']>) {
    return this.up(() => super.login(...args));
  }

  override jwks() {
    return this.up(() => super.jwks());
  }

  override delegate(...args: Parameters<InProcessIssuer['delegate']>) {
    return this.up(() => super.delegate(...args));
  }

  private async up<T>(answer: () => Promise<T>): Promise<T> {
    if (this.down) throw new OperationalError('issuer.unavailable', 'the issuer is down');
    return answer();
  }
}

/** The keys of one rig. */
export class RigKeys {
  readonly jwt = readJwtKeys(pem(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey));
  private readonly identities = new Map<ServiceName, WorkloadIdentity>();

  identity(service: ServiceName): WorkloadIdentity {
    const known =
      this.identities.get(service) ??
      workloadIdentity(service, pem(generateKeyPairSync('ed25519').privateKey));
    this.identities.set(service, known);
    return known;
  }

  signer(service: ServiceName): EnvelopeSigner {
    return new EnvelopeSigner(this.identity(service));
  }

  /** A JWT under the issuer's own key, right unless the options say otherwise. */
  sign(options: JwtOptions): Promise<string> {
    const [key] = this.jwt;
    if (!key) throw new Error('the rig has a key');
    const now = Math.floor(Date.now() / 1_000);
    return new SignJWT({ tenant: options.tenantId })
      .setProtectedHeader({ alg: 'ES256', kid: key.kid, typ: 'at+jwt' })
      .setSubject(options.userId)
      .setIssuer(options.issuer ?? accessToken.issuer)
      .setAudience(options.audience ?? accessToken.audience)
      .setIssuedAt(now)
      .setExpirationTime(now + (options.expiresInSeconds ?? 900))
      .sign(key.privateKey);
  }
}

function pem(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}

export interface Answer<T = Record<string, unknown>> {
  status: number;
  headers: Headers;
  body: T;
  text: string;
}

/** The in-process transport, which a spec can take down. */
export class RigTransport extends InProcessTransport {
  down = false;

  override isUp(): boolean {
    return !this.down && super.isUp();
  }
}

/** A road to the database that a spec can cut. */
class DatabaseRoad {
  private readonly sockets = new Set<Socket>();
  private readonly server: Server;
  private open = true;

  constructor(target: { host: string; port: number }) {
    this.server = createServer((inward) => {
      if (!this.open) {
        inward.destroy();
        return;
      }
      const outward = connect(target.port, target.host);
      for (const [from, to] of [
        [inward, outward],
        [outward, inward],
      ] as const) {
        this.sockets.add(from);
        from.pipe(to);
        from.on('error', () => to.destroy());
        from.on('close', () => {
          this.sockets.delete(from);
          to.destroy();
        });
      }
    });
  }

  async listen(): Promise<number> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return (this.server.address() as AddressInfo).port;
  }

  set up(open: boolean) {
    this.open = open;
    if (!open) for (const socket of this.sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.up = false;
    await new Promise((resolve) => this.server.close(resolve));
  }
}

export interface RigOptions {
  settings?: Partial<GatewaySettings>;
  localDispatch?: (database: TestDatabase) => LocalDispatch<Json>;
}

/** A gateway and a flow registry in one process on a real database. */
export class GatewayRig {
  private constructor(
    readonly database: TestDatabase,
    readonly keys: RigKeys,
    readonly issuer: RigIssuer,
    readonly transport: RigTransport,
    readonly road: DatabaseRoad,
    private readonly api: DatabaseAccess,
    readonly gateway: RunningGateway,
    private readonly registry: RunningFlowRegistry,
  ) {}

  static async start(options: RigOptions = {}): Promise<GatewayRig> {
    const database = await createTestDatabase();
    const keys = new RigKeys();
    const core = new IssuerCore({
      issuance: (await database.accessFor(['ef_issuer'])).issuance,
      jwtKeys: keys.jwt,
      senderKeys: SERVICE_NAMES.map((service) => senderKeyOf(keys.identity(service))),
      adminKey: database.adminKey,
      accessTokenSeconds: 900,
      defaultLimits: { requestsPerSecond: 600 },
    });
    const transport = new RigTransport({ log: quiet });
    await transport.connect();
    const registry = await startFlowRegistry({
      settings: { slot: '0' },
      database: await database.accessFor(['ef_registry']),
      transport,
      issuer: new InProcessIssuer(core, 'flow-registry'),
      signer: keys.signer('flow-registry'),
      logger: quiet,
    });
    const issuer = new RigIssuer(core, 'gateway');
    const road = new DatabaseRoad(database.address);
    const { ef_api, ef_writer } = database.rolePasswords;
    const api = await DatabaseAccess.connect({
      ...database.address,
      host: '127.0.0.1',
      port: await road.listen(),
      passwords: { ef_api, ef_writer },
    });
    const gateway = await startGateway({
      settings: {
        http: { host: '127.0.0.1', port: 0 },
        slot: '0',
        bodyLimitBytes: 1_048_576,
        ecoWindow: defaultEcoWindow,
        drainMs: 1_000,
        ...options.settings,
      },
      database: api,
      transport,
      issuer,
      limiter: new InMemoryRateLimiter(),
      attempts: new InMemoryAttemptLimiter(),
      signer: keys.signer('gateway'),
      logger: quiet,
      ...(options.localDispatch ? { localDispatch: options.localDispatch(database) } : {}),
    });
    return new GatewayRig(database, keys, issuer, transport, road, api, gateway, registry);
  }

  /** Without limits unless some are given. */
  tenant(
    limits: TenantLimits = {},
    placement: 'shared' | 'schema' = 'shared',
  ): Promise<TestTenant> {
    return this.database.createTenant({ placement, limits });
  }

  async close(): Promise<void> {
    await this.gateway.close();
    await this.registry.close();
    await this.transport.close();
    await this.api.close();
    await this.road.close();
    await this.database.drop();
  }

  async call<T = Record<string, unknown>>(
    method: string,
    path: string,
    options: {
      credential?: string | undefined;
      headers?: Record<string, string>;
      body?: string | Buffer;
      json?: unknown;
    } = {},
  ): Promise<Answer<T>> {
    const body = options.json === undefined ? options.body : JSON.stringify(options.json);
    const response = await fetch(`${this.gateway.url}${path}`, {
      method,
      redirect: 'manual',
      headers: {
        ...(options.credential === undefined
          ? {}
          : { authorization: `Bearer ${options.credential}` }),
        ...(options.json === undefined ? {} : { 'content-type': 'application/json' }),
        ...options.headers,
      },
      ...(body === undefined
        ? {}
        : { body: typeof body === 'string' ? body : new Uint8Array(body) }),
    });
    const text = await response.text();
    const json = (response.headers.get('content-type') ?? '').includes('json');
    return {
      status: response.status,
      headers: response.headers,
      text,
      body: (json ? JSON.parse(text) : undefined) as T,
    };
  }

  /** Applies a flow and makes it the active version. */
  async apply(tenant: TestTenant, document: object): Promise<Answer> {
    return this.call('POST', '/v1/flows', { credential: tenant.apiKey, json: document });
  }

  /** What an executor's checkpoint leaves, written past it. */
  async end(id: string, status: string, result: { output?: unknown; error?: unknown } = {}) {
    await this.database.superuser(
      `UPDATE ef.executions SET status = $2, output = $3, error = $4, started_at = now(), ended_at = now()
       WHERE id = $1`,
      [
        id,
        status,
        result.output === undefined ? null : JSON.stringify(result.output),
        result.error === undefined ? null : JSON.stringify(result.error),
      ],
    );
    await this.database.superuser('DELETE FROM ef.work WHERE id = $1', [id]);
  }
}

/** A flow with an input schema. */
export function orderFlow(version = '1.0.0', extra: object = {}): object {
  return {
    document: { dsl: '1.0.0', namespace: 'shop', name: 'order', version },
    input: {
      schema: {
        document: {
          type: 'object',
          properties: { amount: { type: 'number' } },
          required: ['amount'],
        },
      },
    },
    do: [{ price: { set: { total: '${ .amount }' } } }],
    ...extra,
  };
}
