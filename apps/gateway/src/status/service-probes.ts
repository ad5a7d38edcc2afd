import type { PartState } from './part-state';

/** The services beside the gateway and the issuer, and what their being down means for users. */
const SERVICES: Readonly<Record<string, string>> = {
  'flow-registry': 'flows cannot be applied or activated',
  scheduler: 'schedules do not fire; ticks that are late are made up for or skipped, as documented',
  executor: 'executions are accepted and wait',
  analytics: 'usage is not counted; it is made up for',
};

/** Whether one replica of a service is ready. */
export type ReplicaProbe = () => Promise<boolean>;

/** Asks every replica that it was told of whether it is ready. A service it was told nothing of is unknown, not up. */
export class ServiceProbes {
  constructor(private readonly replicas: Readonly<Record<string, readonly ReplicaProbe[]>>) {}

  /** From the addresses of health endpoints, by service. */
  static ofUrls(
    urls: Readonly<Record<string, readonly string[]>>,
    patienceMs: number,
  ): ServiceProbes {
    return new ServiceProbes(
      Object.fromEntries(
        Object.entries(urls).map(([service, addresses]) => [
          service,
          addresses.map((url) => () => isReady(url, patienceMs)),
        ]),
      ),
    );
  }

  states(): Promise<PartState[]> {
    return Promise.all(Object.entries(SERVICES).map(([name, note]) => this.stateOf(name, note)));
  }

  private async stateOf(name: string, note: string): Promise<PartState> {
    const probes = this.replicas[name] ?? [];
    if (probes.length === 0) {
      return { name, state: 'unknown', note: 'this gateway was not told where to ask' };
    }
    const answers = await Promise.all(probes.map((probe) => probe().catch(() => false)));
    const ready = answers.filter(Boolean).length;
    if (ready === 0) return { name, state: 'down', note };
    if (ready === answers.length) return { name, state: 'up' };
    return { name, state: 'partly', note: `${ready} of ${answers.length} are ready` };
  }
}

async function isReady(url: string, patienceMs: number): Promise<boolean> {
  const answer = await fetch(new URL('/readyz', url), {
    signal: AbortSignal.timeout(patienceMs),
    redirect: 'error',
  });
  await answer.body?.cancel();
  return answer.ok;
}
