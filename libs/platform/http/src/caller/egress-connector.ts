import type { LookupAddress } from 'node:dns';
import type { Socket } from 'node:net';
import { buildConnector } from 'undici';
import { refusal, type EgressPolicy } from './egress-policy';
import { NameLookups } from './name-lookups';

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

/** Makes a connection of a tenant; one that nobody wants any more is told by the signal. */
export type EgressConnector = (
  tenantId: string,
  signal: AbortSignal,
  ...call: Parameters<buildConnector.connector>
) => void;

/**
 * Connections that are checked when they are made. The names are resolved here, and only allowed addresses are
 * handed to the socket: a name that resolves differently for the check and for the connection (DNS rebinding)
 * gains nothing. The connected socket's own address is checked once more. There is no time limit of its own: the
 * call's rules. TLS sessions are not kept: they would be shared among tenants.
 */
export function egressConnector(policy: EgressPolicy, lookupsAtOnce: number): EgressConnector {
  const lookups = new NameLookups(lookupsAtOnce, (hostname, found) =>
    allowed(hostname, found, policy),
  );
  return (tenantId, signal, options, callback) => {
    const lookup = lookups.of(tenantId, signal);
    const connect = buildConnector({ lookup, timeout: 0, maxCachedSessions: 0 });
    const connecting = connect(options, (...[error, socket]) => {
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
    }) as unknown as Socket;
    // The system tries for minutes; undici returns the socket, and its types do not say so.
    const end = (): void => void connecting.destroy(new Error('The connection is not wanted'));
    signal.addEventListener('abort', end, { once: true });
    connecting.once('close', () => signal.removeEventListener('abort', end));
  };
}

/** @throws EgressRefusedError when none is */
function allowed(
  hostname: string,
  found: readonly LookupAddress[],
  policy: EgressPolicy,
): LookupAddress[] {
  const kept = found.filter(({ address }) => refusal(address, policy) === undefined);
  if (kept.length > 0) return kept;
  const reason = refusal(found[0]?.address ?? '', policy) ?? 'it has no address';
  throw new EgressRefusedError(hostname, reason);
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
