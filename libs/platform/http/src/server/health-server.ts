import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface HealthServerOptions {
  /** 0 lets the system choose. */
  port: number;
  host?: string;
  /** What the process depends on, and whether it answers; ready when all do. */
  checks: () => Promise<Readonly<Record<string, boolean>>>;
}

export interface HealthServer {
  url: string;
  close(): Promise<void>;
}

/** `/healthz` and `/readyz` of a service that has no HTTP interface of its own. */
export async function startHealthServer(options: HealthServerOptions): Promise<HealthServer> {
  const { host = '0.0.0.0', port, checks } = options;
  const server = createServer((request, response) => {
    request.resume();
    if (request.url === '/healthz') return send(response, 200, { status: 'ok' });
    if (request.url !== '/readyz') return send(response, 404, { status: 'unknown' });
    checks().then(
      (results) => {
        const ready = Object.values(results).every(Boolean);
        send(response, ready ? 200 : 503, {
          status: ready ? 'ready' : 'not ready',
          checks: results,
        });
      },
      () => send(response, 503, { status: 'not ready', checks: {} }),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const address = server.address() as AddressInfo;
  return {
    url: `http://${host === '0.0.0.0' ? '127.0.0.1' : host}:${address.port}`,
    close: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error ? reject(error) : resolve()));
        server.closeAllConnections();
      }),
  };
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
