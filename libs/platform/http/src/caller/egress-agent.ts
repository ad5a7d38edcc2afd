import { lookup as systemLookup, type LookupAddress, type LookupOptions } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { Agent, buildConnector } from 'undici';
import { refusal, type EgressPolicy } from './egress-policy';

/** Thrown when a connection would reach an address that the policy forbids. */
export class EgressRefusedError extends Error {
  constructor(
    readonly host: string,
    reason: string,
  ) {
    super(`${host} may not be called: ${reason}`);
    this.name = 'EgressRefusedError';
  }
}

/** Connections to one origin at a time; more calls queue. Keeps one flow from opening thousands of sockets. */
const CONNECTIONS_PER_ORIGIN = 128;

/**
 * Connections that are checked when they are made. The names are resolved here, and only allowed addresses are
 * handed to the socket: a name that resolves differently for the check and for the connection (DNS rebinding)
 * gains nothing. The connected socket's own address is checked once more.
 */
export function egressAgent(policy: EgressPolicy): Agent {
  const connect = buildConnector({
    lookup: checkedLookup(policy),
    timeout: 10_000,
  });
  return new Agent({
    connections: CONNECTIONS_PER_ORIGIN,
    connect: (options, callback) => {
      connect(options, (...[error, socket]) => {
        if (error) {
          callback(error, null);
          return;
        }
        const reason = refusal(socket.remoteAddress ?? '', policy);
        if (reason === undefined) {
          callback(null, socket);
          return;
        }
        socket.destroy();
        callback(new EgressRefusedError(options.hostname, reason), null);
      });
    },
  });
}

function checkedLookup(policy: EgressPolicy): LookupFunction {
  return (hostname, options, callback) => {
    const wanted: LookupOptions & { all: true } = { ...options, all: true };
    systemLookup(hostname, wanted, (error, addresses) => {
      if (error) {
        callback(error, '');
        return;
      }
      const allowed = addresses.filter(({ address }) => refusal(address, policy) === undefined);
      const [first] = allowed;
      if (!first) callback(refusedName(hostname, addresses, policy), '');
      else if (options.all) callback(null, allowed);
      else callback(null, first.address, first.family);
    });
  };
}

function refusedName(
  hostname: string,
  addresses: readonly LookupAddress[],
  policy: EgressPolicy,
): EgressRefusedError {
  const reason = refusal(addresses[0]?.address ?? '', policy) ?? 'it has no address';
  return new EgressRefusedError(hostname, reason);
}

/** Refuses a host that is written as an address: no name is resolved for it. @throws EgressRefusedError */
export function checkLiteralHost(url: URL, policy: EgressPolicy): void {
  // The URL parser has already turned decimal, octal and hexadecimal hosts into dotted ones.
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (!/^[\d.]+$/.test(host) && !host.includes(':')) return;
  const reason = refusal(host, policy);
  if (reason !== undefined) throw new EgressRefusedError(url.hostname, reason);
}
