import { problemMediaType } from '@easyflow/contracts-http';
import { UserError } from '@easyflow/kernel-errors';
import { problemAnswer } from '@easyflow/platform-http';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { fastify, type ConnectionError, type FastifyReply, type FastifyRequest } from 'fastify';
import { STATUS_CODES, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { allowedMethods } from './method-not-allowed';
import { readBody } from './read-body';
import { traceIdOf } from './trace-id';

/** A part of a path is never too long for the router, only unknown to its route: Node bounds request and headers. */
const MAX_PARAMETER = 16_384;

/**
 * Fastify, because CPU is what a request costs here: measured on two cores, 25 µs for bare node:http, 29 for Fastify,
 * 39 for Nest on Fastify with a guard and three parameters; the group commit leaves a request about as much again.
 *
 * Bodies stay bytes until a handler asks for them, so that a request without a valid credential is refused before
 * anything parses it.
 */
export function gatewayAdapter(options: {
  maxBodyBytes: number;
  /** Whose X-Forwarded-For tells where a request comes from. */
  trustedProxies: readonly string[];
}): FastifyAdapter {
  const instance = fastify({
    trustProxy: options.trustedProxies.length > 0 ? [...options.trustedProxies] : false,
    routerOptions: { maxParamLength: MAX_PARAMETER },
    // The socket outlives a `Prefer: wait` of 60 s; Node's request timeout covers slow senders.
    keepAliveTimeout: 65_000,
    return503OnClosing: false,
    frameworkErrors: (error, request, reply) => sendProblem(error, request, reply),
    clientErrorHandler: refuseConnection,
    http: {
      // Several Authorization headers become one that is none; Node would serve the first and drop the rest.
      joinDuplicateHeaders: true,
      // Node's own refusal has no body.
      requireHostHeader: false,
    },
  });
  ignoreExpectations(instance.server);
  instance.removeAllContentTypeParsers();
  instance.addContentTypeParser('*', (_request: FastifyRequest, body: IncomingMessage) =>
    readBody(body, options.maxBodyBytes),
  );
  instance.addHook('onRequest', (request, reply, done) => {
    const allowed = request.is404 ? allowedMethods(pathOf(request.url)) : undefined;
    if (lacksHost(request)) sendProblem(missingHost(), request, reply);
    else if (allowed) sendMethodNotAllowed(request, reply, allowed);
    else done();
  });
  return new FastifyAdapter(instance);
}

/** `Expect` of anything but 100-continue may be ignored (RFC 9110, 10.1.1); Node refuses it without a body. */
function ignoreExpectations(server: Server): void {
  server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
    server.emit('request', request, response);
  });
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

/** For what is no HTTP request that Fastify could see. The connection is of no further use. */
function refuseConnection(error: ConnectionError, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const { status, problem } = problemAnswer(new UserError(...refusalOf(error.code)), traceIdOf({}));
  const body = JSON.stringify(problem);
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    `content-type: ${problemMediaType}`,
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
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
