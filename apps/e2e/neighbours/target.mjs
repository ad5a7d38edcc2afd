import { createServer } from 'node:http';

/** JSON of about 180 kB whose last string does not end. */
const ENDLESS_STRING = `{"text": "${'\\"x['.repeat(45_000)}`;

/** The service that the noisy tenant's flows call. */
export class Target {
  #server;
  #held = new Set();

  static async start() {
    const target = new Target();
    target.#server = createServer((request, response) => target.#answer(request, response));
    await new Promise((resolve) => target.#server.listen(0, '127.0.0.1', resolve));
    target.#server.unref();
    return target;
  }

  get url() {
    return `http://127.0.0.1:${this.#server.address().port}`;
  }

  /** Ends the calls that hang. */
  release() {
    for (const response of this.#held) response.destroy();
    this.#held.clear();
  }

  #answer(request, response) {
    request.resume();
    if (request.url === '/hang') {
      this.#held.add(response);
      response.once('close', () => this.#held.delete(response));
    } else if (request.url === '/endless-string') {
      response.writeHead(200, { 'content-type': 'application/json' }).end(ENDLESS_STRING);
    } else {
      request.once('end', () => {
        response.writeHead(200, { 'content-type': 'application/json' }).end('{"ok": true}');
      });
    }
  }
}
