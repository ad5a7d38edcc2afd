import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import { LocalServerError } from './local-server-error';
import { hasCode } from './process-identity';

/**
 * Below the ports that the kernel hands to outgoing connections (from 32768 on Linux, 49152
 * elsewhere): a client that keeps reconnecting to a stopped server there can by chance connect to
 * itself and so hold the port against the server's return.
 */
const firstPort = 20_000;
const lastPort = 32_700;

/** What was given away here: seconds may pass until whoever asked for it listens on it. */
const given = new Set<number>();

/** A TCP port of 127.0.0.1 that nobody listens on now, and that nobody else in this process was given. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(firstPort, lastPort);
    if (given.has(port)) continue;
    if (given.size > (lastPort - firstPort) / 2) given.clear();
    given.add(port);
    if (await isPortFree(port)) return port;
  }
}

/** Whether a server could listen on this port of 127.0.0.1 now. */
export function isPortFree(port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', (error) => {
      if (hasCode(error, 'EADDRINUSE', 'EACCES')) resolve(false);
      else reject(error);
    });
    probe.listen({ port, host: '127.0.0.1' }, () => {
      probe.close(() => resolve(true));
    });
  });
}

/**
 * The port to start on: the one asked for, else the one this folder had last time, else a free one.
 * Throws LocalServerError when the port asked for is taken.
 */
export async function choosePort(
  server: string,
  wanted: { asked?: number; remembered?: number },
): Promise<number> {
  const { asked, remembered } = wanted;
  if (asked !== undefined && asked !== 0) {
    if (await becomesFree(asked)) return asked;
    throw new LocalServerError(
      `${server} cannot listen on 127.0.0.1:${asked}: another program has that port.`,
      `stop that program (ss -ltnp 'sport = :${asked}' names it) or choose another port.`,
    );
  }
  if (remembered !== undefined && (await becomesFree(remembered))) return remembered;
  return freePort();
}

/**
 * Whether the port is free within two seconds: a process that was just killed may hold it for a moment, for its
 * first thread can be gone before the others have closed what they share.
 */
export async function becomesFree(port: number): Promise<boolean> {
  const deadline = performance.now() + 2_000;
  for (;;) {
    if (await isPortFree(port)) return true;
    if (performance.now() > deadline) return false;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
