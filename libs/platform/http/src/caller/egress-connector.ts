import { lookup as systemLookup, type LookupOptions } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { buildConnector } from 'undici';
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

/** Names that mean this machine whatever a resolver says (RFC 6761, 6.3). */
const LOCAL_NAME = /^(?:[^.]+\.)*localhost\.?$/i;

/**
 * Connections that are checked when they are made. The names are resolved here, and only allowed addresses are
 * handed to the socket: a name that resolves differently for the check and for the connection (DNS rebinding)
 * gains nothing. The connected socket's own address is checked once more. There is no time limit of its own: the
 * call's rules. TLS sessions are not kept: they would be shared among tenants.
 */
export function egressConnector(policy: EgressPolicy): buildConnector.connector {
  const connect = buildConnector({
    lookup: checkedLookup(policy),
    timeout: 0,
    maxCachedSessions: 0,
  });
  return (options, callback) => {
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
  };
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
      if (!first) {
        const reason = refusal(addresses[0]?.address ?? '', policy) ?? 'it has no address';
        callback(new EgressRefusedError(hostname, reason), '');
      } else if (options.all) callback(null, allowed);
      else callback(null, first.address, first.family);
    });
  };
}

/**
 * Why a host may not be called that no resolver is asked about: written as an address, or a name of this machine.
 * Undefined when it may, or when only the resolver knows.
 */
export function literalRefusal(url: URL, policy: EgressPolicy): string | undefined {
  // The URL parser has already turned decimal, octal and hexadecimal hosts into dotted ones.
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (LOCAL_NAME.test(host)) {
    return policy.allowLoopback ? undefined : `${host} is this machine`;
  }
  if (!/^[\d.]+$/.test(host) && !host.includes(':')) return undefined;
  return refusal(host, policy);
}
