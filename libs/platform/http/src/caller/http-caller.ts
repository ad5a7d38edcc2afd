import { STATUS_CODES } from 'node:http';
import { systemClock, type Clock } from '@easyflow/kernel-time';
import type { Dispatcher } from 'undici';
import { failureOf, operatorsDetail } from './call-failures';
import { CallLanes, type LaneLimits } from './call-lanes';
import { BoundedCallLog, type CallLog } from './call-log';
import { Connection, Connections } from './connections';
import { egressConnector, literalRefusal } from './egress-connector';
import type { EgressPolicy } from './egress-policy';
import { CallFailure, type HttpCall, type HttpCallResult, type JsonValue } from './http-call';
import { wireBody } from './request-body';
import { contentOf, readBody } from './response-content';
import { TimeLimit } from './time-limit';

/** 5 MiB: more than any answer a flow should carry through its state. */
const MAX_RESPONSE_BYTES = 5 * 1024 * 1024;

/** As browsers do. */
const MOST_REDIRECTS = 20;

/** Of a redirect's own body, which nobody reads: a longer one costs the connection instead. */
const MOST_DUMPED_BYTES = 16_384;

/** A call without a time limit of its flow ends after this long. */
export const DEFAULT_CALL_TIMEOUT_MS = 60_000;

/**
 * Calls under way at a time in one process. 2,048 sockets stay far below what a process may open; one origin's 128
 * are as many as browsers and proxies allow themselves at most.
 */
export const DEFAULT_LANES: LaneLimits = { total: 2_048, perTenant: 256, perOrigin: 128 };

/** Of a pool of four threads. */
const DEFAULT_LOOKUPS = 2;

/** Headers that belong to the origin they were meant for. */
const CREDENTIALS = new Set(['authorization', 'cookie', 'proxy-authorization', 'host']);
const BODY_HEADERS = new Set(['content-type', 'content-length', 'content-encoding']);

interface Request {
  method: string;
  url: URL;
  headers: Record<string, string>;
  body: string | undefined;
}

interface Answer {
  status: number;
  headers: Dispatcher.ResponseData['headers'];
  /** Nothing of a redirect that is followed. */
  body: Buffer;
}

export interface HttpCallerOptions {
  policy: EgressPolicy;
  maxResponseBytes?: number;
  /** Of a call without a deadline, from when it is sent; 60 s. */
  defaultTimeoutMs?: number;
  lanes?: Partial<LaneLimits>;
  /** Name lookups that Node's pool of threads runs at a time: half of it; 2. */
  lookupsAtOnce?: number;
  /** Gets what tenants are not told. */
  log?: CallLog;
  clock?: Clock;
  /** Replaces the connections, and with them the check of resolved addresses: for tests only. */
  dispatcher?: Dispatcher;
}

/** Performs the HTTP calls of flows. Every connection is checked against the egress policy. */
export class HttpCaller {
  private readonly policy: EgressPolicy;
  private readonly maxResponseBytes: number;
  private readonly defaultTimeoutMs: number;
  private readonly lanes: CallLanes;
  private readonly connections: Connections;
  private readonly log: BoundedCallLog;
  private readonly clock: Clock;
  private readonly dispatcher: Dispatcher | undefined;
  private readonly underWay = new Set<Promise<HttpCallResult>>();

  constructor(options: HttpCallerOptions) {
    this.policy = options.policy;
    this.maxResponseBytes = options.maxResponseBytes ?? MAX_RESPONSE_BYTES;
    this.defaultTimeoutMs = options.defaultTimeoutMs ?? DEFAULT_CALL_TIMEOUT_MS;
    this.clock = options.clock ?? systemClock;
    this.lanes = new CallLanes({ ...DEFAULT_LANES, ...options.lanes });
    this.connections = new Connections(
      egressConnector(options.policy, options.lookupsAtOnce ?? DEFAULT_LOOKUPS),
    );
    this.log = new BoundedCallLog(options.log, this.clock);
    this.dispatcher = options.dispatcher;
  }

  /**
   * Performs a call of a tenant and never rejects: every problem becomes an error of the flow. Calls of one tenant
   * wait only for that tenant's. `headers` are sent unless the flow sets the same ones.
   */
  perform(
    call: HttpCall,
    options: { tenantId: string; signal?: AbortSignal; headers?: Record<string, string> },
  ): Promise<HttpCallResult> {
    const performed = this.limited(call, options);
    this.underWay.add(performed);
    void performed.finally(() => this.underWay.delete(performed));
    return performed;
  }

  /** Waits for the calls in flight, then closes the idle connections. */
  async close(): Promise<void> {
    await Promise.all(this.underWay);
    this.connections.closeIdle();
  }

  private async limited(
    call: HttpCall,
    options: { tenantId: string; signal?: AbortSignal; headers?: Record<string, string> },
  ): Promise<HttpCallResult> {
    const { key } = call;
    const { signal, tenantId } = options;
    const limit = new TimeLimit(call.deadline, this.defaultTimeoutMs, this.clock);
    const abort = (): void => limit.abort();
    if (signal?.aborted) abort();
    signal?.addEventListener('abort', abort, { once: true });
    try {
      const first = prepare(call, options.headers ?? {});
      const output = await this.follow(call, first, tenantId, limit);
      return { kind: 'effectSucceeded', key, output };
    } catch (error) {
      const shown = shownUri(call.request.uri);
      if (limit.hasExpired) return { kind: 'effectFailed', key, error: tookTooLong(shown).error };
      const detail = operatorsDetail(error);
      if (detail !== undefined && !signal?.aborted) {
        this.log.failed({ host: URL.parse(call.request.uri)?.host ?? '', detail });
      }
      return { kind: 'effectFailed', key, error: failureOf(error, shown).error };
    } finally {
      limit.stop();
      signal?.removeEventListener('abort', abort);
    }
  }

  private async follow(
    call: HttpCall,
    first: Request,
    tenantId: string,
    limit: TimeLimit,
  ): Promise<JsonValue> {
    const follows = call.request.redirect;
    let request = first;
    for (let hops = 0; hops <= MOST_REDIRECTS; hops += 1) {
      const { status, headers, body } = await this.inTurn(request, tenantId, follows, limit);
      const location = single(headers.location);
      if (follows && isRedirect(status) && location !== undefined) {
        request = redirected(request, status, location);
        continue;
      }
      if (status < 200 || status >= (follows ? 400 : 300)) throw answeredBadly(request, status);
      return outputOf(call.request.output, request, { status, headers, body });
    }
    const detail = `${place(first.url)} redirects over ${MOST_REDIRECTS} times`;
    throw new CallFailure('communication', 502, 'Too Many Redirects', detail);
  }

  /** Sends a request when its tenant may, and reads the whole answer. */
  private async inTurn(
    request: Request,
    tenantId: string,
    follows: boolean,
    limit: TimeLimit,
  ): Promise<Answer> {
    const refused = literalRefusal(request.url, this.policy);
    if (refused !== undefined) throw notAllowed(request.url);
    const { origin } = request.url;
    const leave = await this.lanes.enter(tenantId, origin, limit.signal);
    try {
      limit.sent();
      const connection = this.dispatcher
        ? new Connection(origin, tenantId, this.dispatcher, () => undefined)
        : this.connections.take(tenantId, origin);
      try {
        return await this.exchange(connection, request, follows, limit.signal);
      } catch (error) {
        // The key of the effect is the same, so a target that did read it can tell.
        if (limit.signal.aborted || !connection.diedIdle(error)) throw error;
        const fresh = this.connections.open(tenantId, origin);
        return await this.exchange(fresh, request, follows, limit.signal);
      }
    } finally {
      leave();
    }
  }

  private async exchange(
    connection: Connection,
    request: Request,
    follows: boolean,
    signal: AbortSignal,
  ): Promise<Answer> {
    let complete = false;
    // An abort that comes before there is a connection is heeded only when there is one.
    const abort = (): void => connection.drop();
    signal.addEventListener('abort', abort, { once: true });
    try {
      const response = await connection.request({
        origin: request.url.origin,
        path: request.url.pathname + request.url.search,
        method: request.method,
        headers: request.headers,
        ...(request.body !== undefined && { body: request.body }),
        signal,
      });
      const { statusCode: status, headers } = response;
      let body: Buffer = Buffer.alloc(0);
      if (follows && isRedirect(status) && headers.location !== undefined) {
        await response.body.dump({ limit: MOST_DUMPED_BYTES, signal });
      } else {
        const parts = response.body as AsyncIterable<Uint8Array>;
        body = await readBody(parts, this.maxResponseBytes);
      }
      complete = true;
      return { status, headers, body };
    } finally {
      signal.removeEventListener('abort', abort);
      if (complete) this.connections.keep(connection);
      else connection.drop();
    }
  }
}

function isRedirect(status: number): boolean {
  return status >= 300 && status < 400;
}

function prepare(call: HttpCall, defaults: Record<string, string>): Request {
  const { method, uri, headers: own, body } = call.request;
  const url = URL.parse(uri);
  if (!url) throw unusable(uri, 'it is not an absolute URL');
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw unusable(uri, 'only http and https can be called');
  }
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(own)) headers[name.toLowerCase()] = value;
  if (url.username !== '' && headers.authorization === undefined) {
    const user = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
    headers.authorization = `Basic ${Buffer.from(user).toString('base64')}`;
  }
  const wire = wireBody(body, headers['content-type']);
  if (wire) headers['content-type'] ??= wire.contentType;
  headers['idempotency-key'] ??= call.key;
  headers['user-agent'] ??= 'EasyFlow';
  headers.accept ??= '*/*';
  for (const [name, value] of Object.entries(defaults)) headers[name.toLowerCase()] ??= value;
  return { method, url, headers, body: wire?.text };
}

/** Fetch's rules: 303 and a POST's 301 and 302 become GET; credentials stay with their origin. */
function redirected(request: Request, status: number, location: string): Request {
  const url = URL.parse(location, request.url.href);
  if (!url || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw unusable(location, 'the redirect leads to no http or https URL');
  }
  const becomesGet =
    (status === 303 && request.method !== 'HEAD') ||
    ((status === 301 || status === 302) && request.method === 'POST');
  const isForeign = url.origin !== request.url.origin;
  const kept = Object.entries(request.headers).filter(
    ([name]) => !(isForeign && CREDENTIALS.has(name)) && !(becomesGet && BODY_HEADERS.has(name)),
  );
  return {
    method: becomesGet ? 'GET' : request.method,
    url,
    headers: Object.fromEntries(kept),
    body: becomesGet ? undefined : request.body,
  };
}

function outputOf(
  output: HttpCall['request']['output'],
  request: Request,
  response: { status: number; headers: Dispatcher.ResponseData['headers']; body: Buffer },
): JsonValue {
  const { status, headers, body } = response;
  if (output === 'raw') return body.toString('base64');
  const content = contentOf(body, single(headers['content-type']));
  if (output === 'content') return content;
  // The echo of the request ends up in data and logs: without what authenticates it.
  const shown = Object.entries(request.headers).filter(([name]) => !CREDENTIALS.has(name));
  return {
    request: {
      method: request.method,
      uri: withoutUser(request.url).href,
      headers: Object.fromEntries(shown),
    },
    statusCode: status,
    headers: Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name, single(value) ?? '']),
    ),
    content,
  };
}

function single(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(', ') : value;
}

/** A URL for messages: without the query and the user, which may hold secrets. */
function place(url: URL): string {
  return url.origin + url.pathname;
}

/** The same of a text that may be no URL. */
function shownUri(uri: string): string {
  const url = URL.parse(uri);
  const isHttp = url?.protocol === 'http:' || url?.protocol === 'https:';
  return url && isHttp ? place(url) : (uri.split(/[?#]/)[0] ?? '');
}

function withoutUser(url: URL): URL {
  const bare = new URL(url);
  bare.username = '';
  bare.password = '';
  return bare;
}

function unusable(uri: string, why: string): CallFailure {
  const detail = `${JSON.stringify(shownUri(uri))} cannot be called: ${why}`;
  return new CallFailure('communication', 500, 'Invalid URI', detail);
}

/** Of a host that no resolver was asked about: what the flow says is all there is to know. */
function notAllowed(url: URL): CallFailure {
  const detail = `${url.hostname} may not be called: this installation does not allow flows to call such addresses`;
  return new CallFailure('communication', 403, 'Egress Refused', detail);
}

function answeredBadly(request: Request, status: number): CallFailure {
  const title = STATUS_CODES[status] ?? `Status ${status}`;
  const detail = `${request.method} ${place(request.url)} answered ${status} ${title}`;
  return new CallFailure('communication', status, title, detail);
}

function tookTooLong(shown: string): CallFailure {
  const detail = `The call of ${shown} took too long`;
  return new CallFailure('timeout', 408, 'Timeout', detail);
}
