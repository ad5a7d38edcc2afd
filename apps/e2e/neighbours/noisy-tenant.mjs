// The noisy tenant's side, in a process of its own: `node noisy-tenant.mjs`, told by messages what to do, so that its load
// takes nothing from the process that measures but the machine's cores.
import { DEEDS } from './deeds/index.mjs';
import { Target } from './target.mjs';

/** A client of the noisy tenant. Answers of any status are answers: a refusal is what a bound looks like. */
class Client {
  constructor(url, apiKey) {
    this.url = url;
    this.apiKey = apiKey;
  }

  async send(method, path, json, headers = {}) {
    const answer = await fetch(this.url + path, {
      method,
      headers: {
        authorization: `Bearer ${this.apiKey}`,
        ...(json === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(json === undefined
        ? {}
        : { body: typeof json === 'string' ? json : JSON.stringify(json) }),
    });
    const text = await answer.text();
    return { status: answer.status, text };
  }

  async apply(document) {
    const { status, text } = await this.send('POST', '/v1/flows', document);
    if (status !== 201 && status !== 200) throw new Error(`apply was answered ${status}: ${text}`);
  }

  /** The id of the accepted execution; undefined when it was refused. */
  async start(name, input, headers) {
    const { status, text } = await this.send(
      'POST',
      `/v1/flows/neighbours/${name}/executions`,
      { input },
      headers,
    );
    return status === 200 || status === 202 ? JSON.parse(text).id : undefined;
  }

  async cancel(id) {
    await this.send('POST', `/v1/executions/${id}/cancel`);
  }
}

/** Calls until told to stop; an error of one call does not end the others. */
async function repeat(signal, work) {
  let calls = 0;
  while (!signal.aborted) {
    const before = performance.now();
    await work(calls).catch(() => undefined);
    calls += 1;
    // A server that refuses at once is not asked in a busy loop.
    if (performance.now() - before < 1) await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return calls;
}

let stopping = new AbortController();
let running = Promise.resolve();
let target;

async function prepare({ deed, url, apiKey, databaseUrl, tenantId, scale }) {
  target ??= await Target.start();
  const context = {
    client: new Client(url, apiKey),
    url,
    databaseUrl,
    tenantId,
    scale,
    target,
    memory: {},
    repeat: (work) => repeat(stopping.signal, work),
    many: (count, work) => Promise.all(Array.from({ length: count }, (_, index) => work(index))),
    get signal() {
      return stopping.signal;
    },
  };
  const one = DEEDS.find(({ name }) => name === deed);
  if (!one) throw new Error(`There is no deed "${deed}"`);
  await one.prepare?.(context);
  return { one, context };
}

let prepared;

const commands = {
  prepare: async (message) => {
    stopping = new AbortController();
    prepared = await prepare(message);
  },
  begin: async () => {
    const { one, context } = prepared;
    running = Promise.resolve(one.perform(context)).catch((error) => {
      process.stderr.write(`${one.name}: ${error instanceof Error ? error.message : error}\n`);
    });
  },
  stop: async () => {
    stopping.abort();
    target.release();
    await running;
    const { one, context } = prepared;
    await one.end?.(context);
  },
};

process.on('message', (message) => {
  commands[message.command](message).then(
    () => process.send({ done: message.command }),
    (error) => process.send({ failed: error instanceof Error ? error.message : String(error) }),
  );
});
process.on('disconnect', () => process.exit(0));
