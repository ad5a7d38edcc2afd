import { problemMediaType } from '@easyflow/contracts-http';
import { UserError } from '@easyflow/kernel-errors';
import { problemAnswer } from '@easyflow/platform-http';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { fastify, type ConnectionError, type FastifyReply, type FastifyRequest } from 'fastify';
import { STATUS_CODES, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { ConnectionLimits, LINGER_MS, type ConnectionLimitSettings } from './connection-limits';
import { allowedMethods } from './method-not-allowed';
import { traceIdOf } from './trace-id';

/** A part of a path is never too long for the router, only unknown to its route: Node bounds request and headers. */
const MAX_PARAMETER = 16_384;

/** The headers of a request must be there within this time, or the request's own when it is shorter. */
const HEADERS_MS = 10_000;
/** How often requests and connections that take too long are looked for. */
const CHECK_MS = 1_000;
/** A connection on which nothing moves is closed, also when its client reads no answer. Longer than any wait. */
const SILENCE_MS = 120_000;

/** What can be set of the HTTP server. */
export interface HttpServerSettings extends ConnectionLimitSettings {
  /** Within this time a request must have arrived, headers and body. */
  requestTimeoutMs: number;
}

/**
 * Fastify, because CPU is what a request costs here: measured on two cores, 25 µs for bare node:http, 29 for Fastify,
 * 39 for Nest on Fastify with a guard and three parameters; the group commit leaves a request about as much again.
 *
 * Bodies stay on the connection until the guards have passed: nothing of a request is held that has no valid
 * credential, or is over its rate (see BodyReader).
 */
export function gatewayAdapter(options: HttpServerSettings): FastifyAdapter {
  const limits = new ConnectionLimits(options);
  const instance = fastify({
    trustProxy: options.trustedProxies.length > 0 ? [...options.trustedProxies] : false,
    routerOptions: { maxParamLength: MAX_PARAMETER },
    // The socket outlives a `Prefer: wait` of 60 s. Fastify switches Node's request timeout off unless it is set here.
    keepAliveTimeout: 65_000,
    requestTimeout: options.requestTimeoutMs,
    connectionTimeout: SILENCE_MS,
    return503OnClosing: false,
    frameworkErrors: (error, request, reply) => sendProblem(error, request, reply),
    clientErrorHandler: refuseConnection,
    http: {
      // Several Authorization headers become one that is none; Node would serve the first and drop the rest.
      joinDuplicateHeaders: true,
      // Node's own refusal has no body.
      requireHostHeader: false,
      headersTimeout: Math.min(HEADERS_MS, options.requestTimeoutMs),
      connectionsCheckingInterval: CHECK_MS,
    },
  });
  limits.watch(instance.server);
  ignoreExpectations(instance.server);
  instance.removeAllContentTypeParsers();
  instance.addContentTypeParser('*', (_request: FastifyRequest, body: IncomingMessage, done) =>
    done(null, body),
  );
  instance.addHook('onResponse', ({ raw }, _reply, done) => {
    limits.end(raw.socket);
    if (!raw.complete) dropRest(raw);
    done();
  });
  instance.addHook('onRequest', (request, reply, done) => {
    if (!limits.begin(request.raw.socket)) return;
    const allowed = request.is404 ? allowedMethods(pathOf(request.url)) : undefined;
    if (lacksHost(request)) sendProblem(missingHost(), request, reply);
    else if (allowed) sendMethodNotAllowed(request, reply, allowed);
    else done();
  });
  return new FastifyAdapter(instance);
}

/**
 * `Expect` of anything but 100-continue may be ignored (RFC 9110, 10.1.1); Node refuses it without a body. And to
 * 100-continue Node says yes at once: here who reads the body says it.
 */
function ignoreExpectations(server: Server): void {
  for (const event of ['checkExpectation', 'checkContinue']) {
    server.on(event, (request: IncomingMessage, response: ServerResponse) => {
      server.emit('request', request, response);
    });
  }
}

/**
 * The answer is out and the request is not all here: it was refused before its body was read. Node reads on and drops
 * what comes; a sender that is cut off while it writes may never see the answer. One that does not end is cut off.
 */
function dropRest(request: IncomingMessage): void {
  const { socket } = request;
  const cutOff = setTimeout(() => {
    if (!request.complete) socket.destroy();
  }, LINGER_MS);
  socket.once('close', () => clearTimeout(cutOff));
  request.once('end', () => clearTimeout(cutOff));
}

/** HTTP/1.1 demands it (RFC 9112, 3.2). */
function lacksHost({ raw }: FastifyRequest): boolean {
  return raw.headers.host === undefined && raw.httpVersion === '1.1';
}

function missingHost(): UserError {
  return new UserError('request.malformed', 'The Host header is missing');
}

function pathOf(url: string): string {
  const query = url.indexOf('?');
  return query === -1 ? url : url.slice(0, query);
}

function sendMethodNotAllowed(
  request: FastifyRequest,
  reply: FastifyReply,
  allowed: readonly string[],
): void {
  const error = new UserError(
    'route.method_not_allowed',
    `${request.method} is not possible here; use ${allowed.join(' or ')}`,
    { status: 405 },
  );
  reply.header('allow', allowed.join(', '));
  sendProblem(error, request, reply);
}

/** For what happens before Nest sees the request. */
function sendProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const { status, headers, problem } = problemAnswer(error, traceIdOf(request.headers));
  // Bytes: to text Fastify would add a charset, which JSON media types do not have.
  const body = Buffer.from(JSON.stringify(problem));
  void reply.status(status).headers(headers).type(problemMediaType).send(body);
}

const refused = new WeakSet<Socket>();

/** For what is no HTTP request that Fastify could see. The connection is of no further use. */
function refuseConnection(error: ConnectionError, socket: Socket): void {
  // What else it sends is no request either.
  if (refused.has(socket)) return;
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  refused.add(socket);
  const { status, problem } = problemAnswer(new UserError(...refusalOf(error.code)), traceIdOf({}));
  const body = JSON.stringify(problem);
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    `content-type: ${problemMediaType}`,
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
  // Its peer may never close it, and a socket that is closed with bytes unread resets the answer away.
  const cutOff = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once('close', () => clearTimeout(cutOff));
  socket.resume();
}

function refusalOf(code: string): ConstructorParameters<typeof UserError> {
  if (code === 'HPE_HEADER_OVERFLOW') {
    return ['request.headers_too_large', 'The headers are too large; send less', { status: 431 }];
  }
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return [
      'request.timeout',
      'The request did not arrive in time; send it faster',
      { status: 408 },
    ];
  }
  return ['request.malformed', 'This is no HTTP request'];
}
