// What the quiet tenant feels: an execution started and awaited, and a page read, at fixed times. Latency counts from
// when a request was due, also when it had to wait for a connection, so that a stopped loop is seen by every request.
import { Caller } from './caller.mjs';
import { percentile } from './percentile.mjs';

const flow = {
  document: { dsl: '1.0.0', namespace: 'neighbours', name: 'quiet', version: '1.0.0' },
  do: [{ greet: { set: { greeting: '${ "Hello, \\(.name)" }' } } }],
};

const body = JSON.stringify({ input: { name: 'Ada' } });
/** A request that has no answer after this long counts as failed. */
const PATIENCE_MS = 15_000;

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function startText(url, key) {
  const lines = [
    'POST /v1/flows/neighbours/quiet/executions HTTP/1.1',
    `Host: ${new URL(url).host}`,
    `Authorization: Bearer ${key}`,
    'Content-Type: application/json',
    'Prefer: wait=10',
    `Content-Length: ${Buffer.byteLength(body)}`,
  ];
  return `${lines.join('\r\n')}\r\n\r\n${body}`;
}

function listText(url, key) {
  const lines = [
    'GET /v1/executions?limit=5 HTTP/1.1',
    `Host: ${new URL(url).host}`,
    `Authorization: Bearer ${key}`,
  ];
  return `${lines.join('\r\n')}\r\n\r\n`;
}

/** The tenant whose latency is measured. */
export class QuietTenant {
  #url;
  #requests;

  static async prepare(url, apiKey) {
    const answer = await fetch(`${url}/v1/flows`, {
      method: 'POST',
      headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
      body: JSON.stringify(flow),
    });
    if (!answer.ok) throw new Error(`the quiet tenant's flow: ${await answer.text()}`);
    return new QuietTenant(url, apiKey);
  }

  constructor(url, apiKey) {
    this.#url = url;
    // Two starts for each page.
    const start = { text: startText(url, apiKey), answers: [200] };
    this.#requests = [start, start, { text: listText(url, apiKey), answers: [200] }];
  }

  /**
   * `rate` requests a second for `seconds`.
   * @returns {Promise<{p50: number, p99: number, requests: number, failed: number, failures: string[]}>} milliseconds;
   *   an execution that did not end within 10 s, an error and a lost connection are failures
   */
  async measure({ rate, seconds }) {
    const total = Math.round(rate * seconds);
    const callers = [];
    const latencies = [];
    const failures = [];
    const inFlight = new Set();
    const begin = performance.now() + 5;

    const perform = async (index, due) => {
      const { text, answers } = this.#requests[index % this.#requests.length];
      const timeout = AbortSignal.timeout(PATIENCE_MS);
      try {
        const caller = callers.pop() ?? (await Caller.open(this.#url));
        const late = new Promise((resolve) => {
          timeout.addEventListener('abort', () => resolve(undefined));
        });
        const answer = await Promise.race([caller.send(text), late]);
        latencies.push(performance.now() - due);
        if (answer === undefined) caller.close();
        else callers.push(caller);
        if (!answer) failures.push('no answer in time');
        else if (!answers.includes(answer.status)) failures.push(`answered ${answer.status}`);
      } catch (error) {
        latencies.push(performance.now() - due);
        failures.push(error instanceof Error ? error.message : String(error));
      }
    };

    for (let index = 0; index < total; index += 1) {
      const due = begin + (index * 1000) / rate;
      await pause(Math.max(0, due - performance.now()));
      const done = perform(index, due).finally(() => inFlight.delete(done));
      inFlight.add(done);
    }
    await Promise.all(inFlight);
    for (const caller of callers) caller.close();
    const sorted = latencies.sort((a, b) => a - b);
    return {
      p50: percentile(sorted, 50),
      p99: percentile(sorted, 99),
      requests: total,
      failed: failures.length,
      failures: [...new Set(failures)],
    };
  }
}
