// Latency under a fixed rate. A closed loop slows down with the server and hides what callers would have felt; here
// requests are due at fixed times and their latency counts from then, also when they had to wait for a connection.
import { Caller } from '../../apps/e2e/neighbours/caller.mjs';

function requestText({ url, target, key, prefer }) {
  const lines = [
    `POST ${target.path} HTTP/1.1`,
    `Host: ${new URL(url).host}`,
    `Authorization: Bearer ${key}`,
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(target.body)}`,
    ...(prefer ? [`Prefer: ${prefer}`] : []),
  ];
  return `${lines.join('\r\n')}\r\n\r\n${target.body}`;
}

/** Milliseconds since the epoch, with the fractions that the database's clock has too. */
export function wallClock() {
  return performance.timeOrigin + performance.now();
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Sends `rate` requests a second for `seconds`.
 * @returns {Promise<{latencies: number[], starts: Map<string, number>, refused: number}>} milliseconds, sorted;
 *   `starts`: when the request of an accepted execution was due, by its id
 */
export async function openLoop({ url, target, keys, prefer, rate, seconds, connections = 64 }) {
  const requests = keys.map((key) => requestText({ url, target, key, prefer }));
  const free = await Promise.all(Array.from({ length: connections }, () => Caller.open(url)));
  const all = [...free];
  const total = Math.max(1, Math.round(rate * seconds));
  const latencies = [];
  const starts = new Map();
  const inFlight = new Set();
  let refused = 0;
  let failure;

  const perform = async (caller, index, due) => {
    const { status, body } = await caller.send(requests[index % requests.length]);
    if (status === 200 || status === 202) {
      latencies.push(wallClock() - due);
      starts.set(/"id":"([^"]+)"/.exec(body)?.[1], due);
    } else refused += 1;
    free.push(caller);
  };

  const begin = wallClock() + 5;
  try {
    for (let next = 0; next < total && !failure;) {
      const due = begin + (next * 1000) / rate;
      if (free.length > 0 && due <= wallClock()) {
        const done = perform(free.pop(), next, due)
          .catch((error) => (failure = error))
          .finally(() => inFlight.delete(done));
        inFlight.add(done);
        next += 1;
      } else if (free.length === 0) await Promise.race(inFlight);
      else await pause(Math.max(0, due - wallClock()));
    }
    await Promise.all(inFlight);
  } finally {
    for (const caller of all) caller.close();
  }
  if (failure) throw failure;
  return { latencies: latencies.sort((a, b) => a - b), starts, refused };
}

/** One caller that sends the next request when it has the answer: what an idle system answers in. */
export async function oneCaller({ url, target, key, prefer, requests }) {
  const text = requestText({ url, target, key, prefer });
  const caller = await Caller.open(url);
  const latencies = [];
  try {
    for (let sent = 0; sent < requests; sent += 1) {
      const from = performance.now();
      const { status } = await caller.send(text);
      if (status !== 200) throw new Error(`a single caller was answered ${status}`);
      latencies.push(performance.now() - from);
    }
  } finally {
    caller.close();
  }
  return latencies.sort((a, b) => a - b);
}
