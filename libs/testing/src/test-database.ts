import { createHash, generateKeyPairSync, randomBytes, type KeyObject } from 'node:crypto';
import { Client, type QueryResultRow } from 'pg';
import { newId } from '@easyflow/kernel-ids';
import {
  functionFiles,
  grantDatabase,
  migrate,
  MIGRATION_FILES,
  migrationText,
  parseDatabaseUrl,
  ROLES,
  setPasswords,
  type ConnectionLimits,
  type Role,
} from '@easyflow/platform-database';
import {
  DatabaseAccess,
  InProcessIssuer,
  IssuerCore,
  newApiKey,
  newPassword,
  readJwtKeys,
  senderKeyOf,
  SERVICE_NAMES,
  storeTenant,
  workloadIdentity,
  type DatabaseSettings,
  type IssuerPort,
  type LeaseOwner,
  type ServiceName,
  type TenantLimits,
  type TenantToken,
  type WorkloadIdentity,
} from '@easyflow/tenant-context';

/** Guards the making of the template; it is held in the database `postgres` of the test server. */
const TEMPLATE_LOCK = 20_252;

export interface TestTenant {
  id: string;
  name: string;
  apiKey: string;
  login: { email: string; password: string };
  /** Mints a token of this tenant as the issuer would. Default 60 s. */
  token(role: Role, ttlMs?: number): Promise<TenantToken>;
}

type AccessSettings = Pick<
  DatabaseSettings,
  'poolSizes' | 'statementTimeoutMs' | 'idleInTransactionMs' | 'machineClock'
>;

/** A freshly migrated database of the test server, hardened, with the service roles. */
export interface TestDatabase {
  /** The superuser's. */
  databaseUrl: string;
  /** Without user and password. */
  address: { host: string; port: number; database: string };
  rolePasswords: Readonly<Record<Role, string>>;
  /** What the issuer of a test compares admin keys with. */
  adminKey: string;
  /** A process's access with the passwords of these roles only; closed by `drop`. */
  accessFor(roles: readonly Role[], settings?: AccessSettings): Promise<DatabaseAccess>;
  /** A raw connection of a role, as an attacker with its password has; closed by `drop`. */
  connectAs(role: Role): Promise<Client>;
  /** A statement of the superuser, past row-level security: for looking and breaking, never in the product's place. */
  superuser<R extends QueryResultRow>(text: string, values?: unknown[]): Promise<R[]>;
  createTenant(options?: {
    name?: string;
    placement?: 'shared' | 'schema';
    limits?: TenantLimits;
  }): Promise<TestTenant>;
  registerOwner(
    workload: 'executor' | 'scheduler' | 'analytics',
    slot?: string,
  ): Promise<LeaseOwner>;
  /** An issuer in this process for a workload; all of one database share keys and the admin key. */
  issuerFor(workload: ServiceName): Promise<IssuerPort>;
  /** The same issuer's core and the identities of the workloads, for a spec of the issuer itself. */
  issuerCore(): Promise<{ core: IssuerCore; identities: Record<ServiceName, WorkloadIdentity> }>;
  drop(): Promise<void>;
}

/** The same for every database of a server: roles belong to the server. */
function testPasswords(): Readonly<Record<Role, string>> {
  const entries = ROLES.map((role) => [
    role,
    createHash('sha256').update(`easyflow test ${role}`).digest('hex'),
  ]);
  return Object.fromEntries(entries) as Record<Role, string>;
}

/** Of all specs that run at a time: far from what they need. */
export const testConnectionLimits = Object.fromEntries(
  ROLES.map((role) => [role, 100]),
) as ConnectionLimits;

function withDatabase(url: string, database: string): string {
  const changed = new URL(url);
  changed.pathname = `/${database}`;
  return changed.href;
}

async function connected<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** Migrated once for each state of the migrations, then copied. */
async function template(serverUrl: string, limits: ConnectionLimits | undefined): Promise<string> {
  const hash = createHash('sha256');
  for (const file of MIGRATION_FILES) hash.update(migrationText(file));
  for (const { text } of functionFiles()) hash.update(text);
  const name = `ef_template_${hash.digest('hex').slice(0, 16)}`;
  await connected(serverUrl, async (client) => {
    await client.query(`SELECT pg_advisory_lock(${TEMPLATE_LOCK})`);
    const made = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [name]);
    if (made.rowCount) {
      await setPasswords(client, testPasswords(), true);
      return;
    }
    const unfinished = `${name}_unfinished`;
    await client.query(`DROP DATABASE IF EXISTS ${unfinished} WITH (FORCE)`);
    await client.query(`CREATE DATABASE ${unfinished}`);
    await migrate({
      url: withDatabase(serverUrl, unfinished),
      profile: 'hardened',
      rolePasswords: testPasswords(),
      ...(limits ? { connectionLimits: limits } : {}),
    });
    // A spec registers in a second what a service does in a day.
    await connected(withDatabase(serverUrl, unfinished), (made) =>
      made.query('UPDATE ctx.workloads SET new_slots = 1000'),
    );
    await client.query(`ALTER DATABASE ${unfinished} RENAME TO ${name}`);
  });
  return name;
}

/**
 * Makes a database for one spec file; call `drop` when it is done. The server is that of
 * EASYFLOW_TEST_POSTGRES_URL (a superuser's URL), or one of the spec's own: that has the limits of connections that
 * an installation would have.
 */
export async function createTestDatabase(ownServerUrl?: string): Promise<TestDatabase> {
  const serverUrl = ownServerUrl ?? process.env['EASYFLOW_TEST_POSTGRES_URL'];
  if (!serverUrl) {
    throw new Error(
      'EASYFLOW_TEST_POSTGRES_URL is not set. Run the test as "npm test -- PATH", which starts the servers and sets it.',
    );
  }
  const source = await template(serverUrl, ownServerUrl ? undefined : testConnectionLimits);
  const name = `ef_test_${randomBytes(8).toString('hex')}`;
  await connected(serverUrl, (client) =>
    client.query(`CREATE DATABASE ${name} TEMPLATE ${source}`),
  );
  const databaseUrl = withDatabase(serverUrl, name);
  return new OpenTestDatabase(serverUrl, databaseUrl, name).open();
}

class OpenTestDatabase implements TestDatabase {
  readonly address: { host: string; port: number; database: string };
  readonly rolePasswords = testPasswords();
  readonly adminKey = randomBytes(24).toString('base64url');
  readonly #closing: (() => Promise<void>)[] = [];
  readonly #root: Client;
  readonly #lost: Error[] = [];
  #issuer: Promise<DatabaseAccess> | undefined;
  #core:
    Promise<{ core: IssuerCore; identities: Record<ServiceName, WorkloadIdentity> }> | undefined;

  constructor(
    readonly serverUrl: string,
    readonly databaseUrl: string,
    readonly name: string,
  ) {
    const { host, port, database } = parseDatabaseUrl(databaseUrl);
    this.address = { host, port, database };
    // Pipelined, because a spec may look at several things at once.
    this.#root = new Client({ connectionString: databaseUrl, pipeline: true });
    // A spec may end every connection of the server; the next statement then says so.
    this.#root.on('error', (error) => this.#lost.push(error));
  }

  async open(): Promise<this> {
    await this.#root.connect();
    await grantDatabase(this.#root);
    return this;
  }

  async accessFor(roles: readonly Role[], settings: AccessSettings = {}): Promise<DatabaseAccess> {
    const access = await DatabaseAccess.connect({
      ...this.address,
      ...settings,
      passwords: Object.fromEntries(roles.map((role) => [role, this.rolePasswords[role]])),
    });
    this.#closing.push(() => access.close());
    return access;
  }

  async connectAs(role: Role): Promise<Client> {
    const client = new Client({
      ...this.address,
      user: role,
      password: this.rolePasswords[role],
      options: '-c search_path=ef',
    });
    await client.connect();
    this.#closing.push(() => client.end());
    return client;
  }

  async superuser<R extends QueryResultRow>(text: string, values?: unknown[]): Promise<R[]> {
    return (await this.#root.query<R>(text, values)).rows;
  }

  async createTenant(
    options: { name?: string; placement?: 'shared' | 'schema'; limits?: TenantLimits } = {},
  ): Promise<TestTenant> {
    const issuer = await this.#issuerAccess();
    const id = newId();
    const created = {
      id,
      name: options.name ?? `tenant ${id}`,
      apiKey: newApiKey(),
      login: { email: `${id}@example.test`, password: newPassword() },
    };
    await storeTenant(issuer.issuance, created, {
      limits: options.limits ?? {},
      placement: options.placement ?? 'shared',
    });
    const token = async (role: Role, ttlMs?: number): Promise<TenantToken> => {
      const minted = await issuer.issuance.mint(id, [role], 'test', ttlMs);
      const [first] = minted?.tokens ?? [];
      if (!first) throw new Error(`No token of ${role} for tenant ${id}`);
      return first;
    };
    return { ...created, token };
  }

  async registerOwner(
    workload: 'executor' | 'scheduler' | 'analytics',
    slot = randomBytes(4).toString('hex'),
  ): Promise<LeaseOwner> {
    return (await this.issuerFor(workload)).registerOwner(slot);
  }

  async issuerFor(workload: ServiceName): Promise<IssuerPort> {
    return new InProcessIssuer((await this.issuerCore()).core, workload);
  }

  async issuerCore(): Promise<{
    core: IssuerCore;
    identities: Record<ServiceName, WorkloadIdentity>;
  }> {
    return (this.#core ??= this.#makeCore());
  }

  async #makeCore(): Promise<{
    core: IssuerCore;
    identities: Record<ServiceName, WorkloadIdentity>;
  }> {
    const access = await this.#issuerAccess();
    const pem = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }).toString();
    const identities = Object.fromEntries(
      SERVICE_NAMES.map((service) => [
        service,
        workloadIdentity(service, pem(generateKeyPairSync('ed25519').privateKey)),
      ]),
    ) as Record<ServiceName, WorkloadIdentity>;
    const core = new IssuerCore({
      issuance: access.issuance,
      jwtKeys: readJwtKeys(pem(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey)),
      senderKeys: Object.values(identities).map(senderKeyOf),
      adminKey: this.adminKey,
      accessTokenSeconds: 3_600,
      defaultLimits: { requestsPerSecond: 600 },
    });
    return { core, identities };
  }

  #issuerAccess(): Promise<DatabaseAccess> {
    return (this.#issuer ??= this.accessFor(['ef_issuer']));
  }

  async drop(): Promise<void> {
    await Promise.allSettled(this.#closing.map((close) => close()));
    await this.#root.end();
    await connected(this.serverUrl, (client) =>
      client.query(`DROP DATABASE ${this.name} WITH (FORCE)`),
    );
  }
}
