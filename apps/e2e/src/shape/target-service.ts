import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One request that a flow made. */
export interface Call {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  /** The Idempotency-Key, empty without. */
  key: string;
  body: string;
  /** Which call with this key it is, from 1. */
  nth: number;
}

export interface Reply {
  status?: number;
  delayMs?: number;
  json?: unknown;
}

/** A local HTTP service that flows call: it records, and answers as it is told. */
export class TargetService {
  readonly calls: Call[] = [];
  /** Decides an answer; the default echoes the key and how often it was seen. */
  answer: (call: Call) => Reply = () => ({});
  private readonly seen = new Map<string, number>();
  private readonly gates = new Map<string, { promise: Promise<void>; open: () => void }>();
  private constructor(private readonly server: Server) {}

  static async start(): Promise<TargetService> {
    const server = createServer();
    const target = new TargetService(server);
    server.on('request', (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const call = target.record(
          request.method ?? '',
          request.url ?? '',
          request.headers,
          chunks,
        );
        void target.reply(call).then(({ status, text }) => {
          response.writeHead(status, { 'content-type': 'application/json' }).end(text);
        });
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return target;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  callsOf(path: string): Call[] {
    return this.calls.filter((call) => call.path === path);
  }

  /** Answers of the path wait until the returned function is called. */
  hold(path: string): () => void {
    const gate = Promise.withResolvers<void>();
    this.gates.set(path, { promise: gate.promise, open: gate.resolve });
    return () => {
      this.gates.delete(path);
      gate.resolve();
    };
  }

  async stop(): Promise<void> {
    for (const { open } of this.gates.values()) open();
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private record(
    method: string,
    path: string,
    headers: IncomingHttpHeaders,
    chunks: Buffer[],
  ): Call {
    const header = headers['idempotency-key'];
    const key = typeof header === 'string' ? header : '';
    const nth = (this.seen.get(key) ?? 0) + 1;
    this.seen.set(key, nth);
    const call = { method, path, headers, key, nth, body: Buffer.concat(chunks).toString('utf8') };
    this.calls.push(call);
    return call;
  }

  private async reply(call: Call): Promise<{ status: number; text: string }> {
    const {
      status = 200,
      delayMs = 0,
      json = { key: call.key, nth: call.nth },
    } = this.answer(call);
    if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs));
    await this.gates.get(call.path)?.promise;
    return { status, text: JSON.stringify(json) };
  }
}
