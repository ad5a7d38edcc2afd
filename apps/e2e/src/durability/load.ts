import type { Answer, Api } from '../shape/api';

/** Runs the work of so many numbers, at most `atOnce` at a time. */
export async function inParallel<T>(
  count: number,
  atOnce: number,
  work: (n: number) => Promise<T>,
): Promise<T[]> {
  const results: T[] = [];
  let next = 0;
  const worker = async () => {
    while (next < count) {
      const n = next;
      next += 1;
      results[n] = await work(n);
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, count) }, worker));
  return results;
}

/**
 * Starts an execution as a careful client does: the same Idempotency-Key again while the server cannot be
 * reached or says 503. Gives the answer that accepted it and how often it asked.
 */
export async function startUntilAccepted(
  api: Api,
  name: string,
  key: string,
): Promise<{ answer: Answer; attempts: number }> {
  for (let attempts = 1; ; attempts += 1) {
    const answer = await api.start(name, {}, { 'idempotency-key': key }).catch(unreachable);
    if (answer && answer.status !== 503) return { answer, attempts };
    if (attempts > 300) throw new Error(`Not accepted after ${attempts} attempts: ${answer?.text}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Nothing for an error of the connection; anything else is thrown on. */
function unreachable(error: unknown): undefined {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  if (/^(ECONN|EPIPE|UND_ERR_SOCKET|UND_ERR_CONNECT)/.test(code)) return undefined;
  throw error;
}
