import { STATUS_CODES } from 'node:http';
import { errors, type Dispatcher } from 'undici';
import { checkLiteralHost, egressAgent, EgressRefusedError } from './egress-agent';
import type { EgressPolicy } from './egress-policy';
import { CallFailure, type HttpCall, type HttpCallResult, type JsonValue } from './http-call';
import { wireBody } from './request-body';
import { contentOf, readBody } from './response-content';

/** 5 MiB: more than any answer a flow should carry through its state. */
const MAX_RESPONSE_BYTES = 5 * 1024 * 1024;

/** As browsers do. */
const MOST_REDIRECTS = 20;

/** The longest delay a timer of Node can hold. */
const LONGEST_TIMER = 2 ** 31 - 1;

/** Headers that belong to the origin they were meant for. */
const CREDENTIALS = new Set(['authorization', 'cookie', 'proxy-authorization', 'host']);
const BODY_HEADERS = new Set(['content-type', 'content-length', 'content-encoding']);

interface Request {
  method: string;
  url: URL;
  headers: Record<string, string>;
  body: string | undefined;
}

/** Performs the HTTP calls of flows. Every connection is checked against the egress policy. */
export class HttpCaller {
  private readonly policy: EgressPolicy;
  private readonly maxResponseBytes: number;
  private readonly dispatcher: Dispatcher;

  /** `dispatcher` replaces the connections, and with them the check of resolved addresses: for tests only. */
  constructor(options: {
    policy: EgressPolicy;
    maxResponseBytes?: number;
    dispatcher?: Dispatcher;
  }) {
    this.policy = options.policy;
    this.maxResponseBytes = options.maxResponseBytes ?? MAX_RESPONSE_BYTES;
    this.dispatcher = options.dispatcher ?? egressAgent(options.policy);
  }

  /**
   * Performs a call and never rejects: every problem becomes an error of the flow.
   * `headers` are sent unless the flow sets the same ones.
   */
  async perform(
    call: HttpCall,
    options: { signal?: AbortSignal; headers?: Record<string, string> } = {},
  ): Promise<HttpCallResult> {
    const limit = timeLimit(call.deadline);
    const signals = [options.signal, limit].filter((signal) => signal !== undefined);
    try {
      const first = prepare(call, options.headers ?? {});
      const output = await this.follow(call, first, AbortSignal.any(signals));
      return { kind: 'effectSucceeded', key: call.key, output };
    } catch (error) {
      const failure = limit?.aborted ? tookTooLong(call) : failureOf(error, call);
      return { kind: 'effectFailed', key: call.key, error: failure.error };
    }
  }

  /** Closes the idle connections and waits for the calls in flight. */
  async close(): Promise<void> {
    await this.dispatcher.close();
  }

  private async follow(call: HttpCall, first: Request, signal: AbortSignal): Promise<JsonValue> {
    let request = first;
    for (let hops = 0; hops <= MOST_REDIRECTS; hops += 1) {
      const response = await this.send(request, signal);
      const { statusCode: status, headers } = response;
      const location = single(headers.location);
      if (call.request.redirect && status >= 300 && status < 400 && location !== undefined) {
        await response.body.dump();
        request = redirected(request, status, location);
        continue;
      }
      const body = await readBody(
        response.body as AsyncIterable<Uint8Array>,
        this.maxResponseBytes,
      );
      if (status < 200 || status >= (call.request.redirect ? 400 : 300)) {
        throw answeredBadly(request, status);
      }
      return outputOf(call.request.output, request, { status, headers, body });
    }
    const detail = `${place(first.url)} redirects over ${MOST_REDIRECTS} times`;
    throw new CallFailure('communication', 502, 'Too Many Redirects', detail);
  }

  private async send(request: Request, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
    checkLiteralHost(request.url, this.policy);
    return this.dispatcher.request({
      origin: request.url.origin,
      path: request.url.pathname + request.url.search,
      method: request.method,
      headers: request.headers,
      ...(request.body !== undefined && { body: request.body }),
      signal,
    });
  }
}

function timeLimit(deadline: number | undefined): AbortSignal | undefined {
  if (deadline === undefined) return undefined;
  const remaining = Math.max(0, deadline - Date.now());
  return remaining > LONGEST_TIMER ? undefined : AbortSignal.timeout(remaining);
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
    request: { method: request.method, uri: request.url.href, headers: Object.fromEntries(shown) },
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

function unusable(uri: string, why: string): CallFailure {
  const detail = `${JSON.stringify(uri.split('?')[0])} cannot be called: ${why}`;
  return new CallFailure('communication', 500, 'Invalid URI', detail);
}

function answeredBadly(request: Request, status: number): CallFailure {
  const title = STATUS_CODES[status] ?? `Status ${status}`;
  const detail = `${request.method} ${place(request.url)} answered ${status} ${title}`;
  return new CallFailure('communication', status, title, detail);
}

function tookTooLong(call: HttpCall): CallFailure {
  const detail = `The call of ${call.request.uri.split('?')[0]} took too long`;
  return new CallFailure('timeout', 408, 'Timeout', detail);
}

function failureOf(error: unknown, call: HttpCall): CallFailure {
  if (error instanceof CallFailure) return error;
  const uri = call.request.uri.split('?')[0];
  if (error instanceof EgressRefusedError) {
    return new CallFailure('communication', 403, 'Egress Refused', error.message);
  }
  const reason = error instanceof Error ? reasonOf(error) : String(error);
  // What cannot be sent (a bad header, an unknown method) cannot be sent next time either.
  if (error instanceof errors.InvalidArgumentError) {
    return new CallFailure(
      'communication',
      400,
      'Invalid Request',
      `The call of ${uri} failed: ${reason}`,
    );
  }
  const detail = `The call of ${uri} failed: ${reason}`;
  return new CallFailure('communication', 503, 'Service Unavailable', detail);
}

/** Several addresses that all fail give an error without a message of its own. */
function reasonOf(error: Error): string {
  if (error instanceof AggregateError && error.message === '') {
    return error.errors
      .map((inner) => (inner instanceof Error ? inner.message : String(inner)))
      .join('; ');
  }
  return error.message;
}
