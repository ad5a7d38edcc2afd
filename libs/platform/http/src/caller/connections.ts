import type { Socket } from 'node:net';
import { isNativeError } from 'node:util/types';
import { Client, type Dispatcher } from 'undici';
import type { EgressConnector } from './egress-connector';

/** Idle connections kept for one tenant, and for all: they only save the next call a handshake. */
const MOST_IDLE_OF_TENANT = 64;
const MOST_IDLE = 1_024;
/** How long an idle connection is kept; a server's hint may say otherwise, up to the second. */
const KEEP_ALIVE_MS = 4_000;
const LONGEST_KEEP_ALIVE_MS = 30_000;

/** What failed when a socket that was alive is found closed. */
const CLOSED = new Set(['ECONNRESET', 'ECONNABORTED', 'EPIPE', 'UND_ERR_SOCKET']);

/** One connection of one tenant to one origin, performing one request at a time. */
export class Connection {
  /** Set by the connector whenever it is made again. */
  socket: Socket | undefined;
  private before: { socket: Socket; bytesRead: number } | undefined;

  constructor(
    readonly key: string,
    readonly tenantId: string,
    private readonly dispatcher: Dispatcher,
    /** Ends it with whatever is under way on it. */
    readonly drop: () => void,
  ) {}

  request(options: Dispatcher.RequestOptions): Promise<Dispatcher.ResponseData> {
    const { socket } = this;
    this.before = socket && { socket, bytesRead: socket.bytesRead };
    return this.dispatcher.request(options);
  }

  /**
   * Whether the request failed because the other side had closed a connection that had served others before, and
   * nothing of an answer has come: it was most likely not even read.
   */
  diedIdle(error: unknown): boolean {
    if (!this.before || this.before.socket !== this.socket) return false;
    if (this.before.bytesRead !== this.before.socket.bytesRead) return false;
    return isNativeError(error) && 'code' in error && CLOSED.has(String(error.code));
  }
}

/**
 * The connections of tenants. None is ever used for two tenants: what a server remembers of a connection, and what
 * one tenant leaves on it, stays that tenant's. How many are busy is for `CallLanes` to say; idle ones are bounded
 * here, the longest idle closed first.
 */
export class Connections {
  /** By tenant and origin; the last used last. */
  private readonly idle = new Map<string, Connection[]>();
  private readonly idleOfTenant = new Map<string, Set<Connection>>();
  private readonly allIdle = new Set<Connection>();

  constructor(private readonly connect: EgressConnector) {}

  get idleCount(): number {
    return this.allIdle.size;
  }

  /** The one used last: the others may then be closed by their age. */
  take(tenantId: string, origin: string): Connection {
    const kept = this.idle.get(keyOf(tenantId, origin))?.at(-1);
    if (!kept) return this.open(tenantId, origin);
    this.forget(kept);
    return kept;
  }

  open(tenantId: string, origin: string): Connection {
    const unwanted = new AbortController();
    const client = new Client(origin, {
      connect: (options, callback) => {
        this.connect(tenantId, unwanted.signal, options, (...[error, socket]) => {
          if (error) {
            callback(error, null);
            return;
          }
          connection.socket = socket;
          callback(null, socket);
        });
      },
      pipelining: 1,
      keepAliveTimeout: KEEP_ALIVE_MS,
      keepAliveMaxTimeout: LONGEST_KEEP_ALIVE_MS,
      // The call's own limit is the only clock.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    const connection = new Connection(keyOf(tenantId, origin), tenantId, client, () => {
      unwanted.abort();
      void client.destroy();
    });
    client.on('disconnect', () => {
      if (this.forget(connection)) connection.drop();
    });
    return connection;
  }

  /** Keeps a connection whose last answer was read to its end. */
  keep(connection: Connection): void {
    if (!connection.socket || connection.socket.destroyed) {
      connection.drop();
      return;
    }
    const ofOrigin = this.idle.get(connection.key) ?? [];
    ofOrigin.push(connection);
    this.idle.set(connection.key, ofOrigin);
    const ofTenant = this.idleOfTenant.get(connection.tenantId) ?? new Set();
    ofTenant.add(connection);
    this.idleOfTenant.set(connection.tenantId, ofTenant);
    this.allIdle.add(connection);
    if (ofTenant.size > MOST_IDLE_OF_TENANT) this.dropOldest(ofTenant);
    if (this.allIdle.size > MOST_IDLE) this.dropOldest(this.allIdle);
  }

  closeIdle(): void {
    for (const connection of [...this.allIdle]) {
      this.forget(connection);
      connection.drop();
    }
  }

  private dropOldest(connections: ReadonlySet<Connection>): void {
    const [oldest] = connections;
    if (!oldest) return;
    this.forget(oldest);
    oldest.drop();
  }

  /** Whether it was idle. */
  private forget(connection: Connection): boolean {
    if (!this.allIdle.delete(connection)) return false;
    const ofOrigin = this.idle.get(connection.key) ?? [];
    ofOrigin.splice(ofOrigin.lastIndexOf(connection), 1);
    if (ofOrigin.length === 0) this.idle.delete(connection.key);
    const ofTenant = this.idleOfTenant.get(connection.tenantId);
    ofTenant?.delete(connection);
    if (ofTenant?.size === 0) this.idleOfTenant.delete(connection.tenantId);
    return true;
  }
}

/** An origin holds no line break. */
function keyOf(tenantId: string, origin: string): string {
  return `${tenantId}\n${origin}`;
}
