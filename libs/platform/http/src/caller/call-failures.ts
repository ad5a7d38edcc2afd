import { isNativeError } from 'node:util/types';
import { errors } from 'undici';
import { EgressRefusedError } from './egress-connector';
import { CallFailure } from './http-call';

/**
 * What went wrong, as the tenant may know it. Texts of the system name inner addresses, resolvers and what an inner
 * name resolves to; a flow's errors are read by tenants, so they say only the class. A name that does not exist and
 * one that may not be called are one class: else whoever writes flows could list the names of the inner network.
 */
const NAME = 'the name of the host could not be resolved, or flows may not call it';

const CLASSES: Readonly<Record<string, string>> = {
  ENOTFOUND: NAME,
  EAI_AGAIN: NAME,
  EAI_FAIL: NAME,
  EAI_NODATA: NAME,
  EAI_NONAME: NAME,
  EGRESS_REFUSED: NAME,
  ECONNREFUSED: 'the connection was refused',
  EHOSTUNREACH: 'the host cannot be reached',
  ENETUNREACH: 'the host cannot be reached',
  EHOSTDOWN: 'the host cannot be reached',
  EADDRNOTAVAIL: 'the host cannot be reached',
  ETIMEDOUT: 'the connection took too long',
  UND_ERR_CONNECT_TIMEOUT: 'the connection took too long',
  ECONNRESET: 'the other side closed the connection',
  ECONNABORTED: 'the other side closed the connection',
  EPIPE: 'the other side closed the connection',
  UND_ERR_SOCKET: 'the other side closed the connection',
  UND_ERR_HEADERS_OVERFLOW: 'the headers of the answer are too large',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'the answer has another length than it says',
};

/** Codes of OpenSSL and of Node's check of certificates: they name a rule, never an address. */
const TLS_CODE =
  /^(?:CERT_|ERR_TLS_|ERR_SSL_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_MISMATCH$|EPROTO$)/;

const OTHER = 'the call could not be made';

/** @returns the flow's error, for a call of the URI as it may be shown */
export function failureOf(error: unknown, shown: string): CallFailure {
  if (error instanceof CallFailure) return error;
  // What cannot be sent (a bad header, an unknown method) cannot be sent next time either. The text names the part.
  if (error instanceof errors.InvalidArgumentError) {
    const detail = `The call of ${shown} failed: ${error.message}`;
    return new CallFailure('communication', 400, 'Invalid Request', detail);
  }
  const detail = `The call of ${shown} failed: ${classOf(error)}`;
  return new CallFailure('communication', 503, 'Service Unavailable', detail);
}

function classOf(error: unknown): string {
  for (const code of codesOf(error)) {
    const known = CLASSES[code];
    if (known !== undefined) return known;
    if (TLS_CODE.test(code)) return `TLS failed (${code})`;
    if (code.startsWith('HPE_')) return `the answer is not HTTP (${code})`;
  }
  return OTHER;
}

/** Several addresses that all fail give an error that holds an error for each. */
function codesOf(error: unknown): string[] {
  if (error instanceof EgressRefusedError) return ['EGRESS_REFUSED'];
  if (!isNativeError(error)) return [];
  const own = 'code' in error && typeof error.code === 'string' ? [error.code] : [];
  return [...own, ...innerErrors(error).flatMap(codesOf)];
}

function innerErrors(error: Error): unknown[] {
  return 'errors' in error && Array.isArray(error.errors) ? error.errors : [];
}

/** For the log of the operator: the system's own words, which name hosts and addresses but nothing that is sent. */
export function operatorsDetail(error: unknown): string | undefined {
  if (error instanceof CallFailure || error instanceof errors.InvalidArgumentError) {
    return undefined;
  }
  if (!isNativeError(error)) return undefined;
  const inner = innerErrors(error);
  if (error.message !== '' || inner.length === 0) return error.message;
  return inner.map((one) => operatorsDetail(one) ?? '').join('; ');
}
