import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Agent, type Dispatcher } from 'undici';

const pet = (id: number): object => ({ id, name: `pet ${id}`, status: 'available' });

/** A local server that stands in for the public services that the scenarios call, and connections that lead to it. */
export class StandIn {
  private constructor(
    private readonly server: Server,
    /** Sends every request to the stand-in, whatever its origin. */
    readonly dispatcher: Dispatcher,
  ) {}

  static async start(): Promise<StandIn> {
    const server = createServer((request, response) => answer(request, response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const dispatcher = new Agent().compose((dispatch) => (options, handler) => {
      const { host } = new URL(String(options.origin));
      return dispatch({ ...options, origin, path: `/${host}${options.path}` }, handler);
    });
    return new StandIn(server, dispatcher);
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

function answer(request: IncomingMessage, response: ServerResponse): void {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://stand-in');
  const [, host, ...path] = pathname.split('/');
  const place = `${host}/${path.join('/')}`;
  const petId = /^petstore\.swagger\.io\/v2\/pet\/(\d+)$/.exec(place)?.[1];
  const login = /^httpbin\.org\/basic-auth\/([^/]+)\/([^/]+)$/.exec(place);
  if (petId !== undefined) json(response, 200, pet(Number(petId)));
  else if (place === 'petstore.swagger.io/v2/pet/findByStatus') {
    json(response, searchParams.get('status') === 'available' ? 200 : 400, [pet(1), pet(2)]);
  } else if (login) {
    const expected = `Basic ${Buffer.from(`${login[1]}:${login[2]}`).toString('base64')}`;
    json(response, request.headers.authorization === expected ? 200 : 401, {});
  } else json(response, 404, { message: 'not found' });
}

function json(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(value));
}
