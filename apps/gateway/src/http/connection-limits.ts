import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { connectionsRefused } from '../gateway-metrics';
import { addressGroup, isWithin } from './client-address';

/**
 * Requests of one connection that may be answered at a time. Browsers and most clients send the next one after the
 * answer; one that sends thousands ahead would have them all in memory.
 */
const MOST_PIPELINED = 100;

/** After a refusal, how long the rest of a request is read and dropped, so that its sender hears the answer. */
export const LINGER_MS = 2_000;

export interface ConnectionLimitSettings {
  /** Connections in all. */
  connections: number;
  /** Connections of one address; those of trusted proxies are of many clients, and are not counted. */
  connectionsPerAddress: number;
  trustedProxies: readonly string[];
}

/** Bounds what connections cost before anybody is known. */
export class ConnectionLimits {
  private readonly byAddress = new Map<string, number>();
  private readonly inFlight = new WeakMap<Socket, number>();

  constructor(private readonly settings: ConnectionLimitSettings) {}

  watch(server: Server): void {
    server.maxConnections = this.settings.connections;
    server.on('drop', () => connectionsRefused.add(1, { 'easyflow.connection.limit': 'all' }));
    server.on('connection', (socket) => this.admit(socket));
  }

  /** False when the connection has too many requests in flight already: it is of no further use. */
  begin(socket: Socket): boolean {
    const requests = (this.inFlight.get(socket) ?? 0) + 1;
    this.inFlight.set(socket, requests);
    if (requests <= MOST_PIPELINED) return true;
    connectionsRefused.add(1, { 'easyflow.connection.limit': 'pipelined' });
    socket.destroy();
    return false;
  }

  end(socket: Socket): void {
    this.inFlight.set(socket, (this.inFlight.get(socket) ?? 1) - 1);
  }

  private admit(socket: Socket): void {
    const { remoteAddress = '' } = socket;
    if (isWithin(remoteAddress, this.settings.trustedProxies)) return;
    const group = addressGroup(remoteAddress);
    const open = (this.byAddress.get(group) ?? 0) + 1;
    this.byAddress.set(group, open);
    socket.once('close', () => this.leave(group));
    if (open <= this.settings.connectionsPerAddress) return;
    connectionsRefused.add(1, { 'easyflow.connection.limit': 'address' });
    socket.destroy();
  }

  private leave(group: string): void {
    const open = (this.byAddress.get(group) ?? 1) - 1;
    if (open === 0) this.byAddress.delete(group);
    else this.byAddress.set(group, open);
  }
}
