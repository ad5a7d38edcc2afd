import { UserError } from '@easyflow/kernel-errors';
import type { DatabaseAccess, IssuerPort } from '@easyflow/tenant-context';
import type { Transport } from '@easyflow/platform-messaging';
import type { PartState } from './part-state';
import type { ServiceProbes } from './service-probes';

/** A part that does not answer in this time is down for whoever looks at the page. */
export const PATIENCE_MS = 2_000;
/** Everybody may look, and nobody may make the gateway ask all others more often than this. */
const FRESH_MS = 1_000;

export interface StatusSourceOptions {
  database: Pick<DatabaseAccess, 'ping'>;
  transport: Pick<Transport, 'isUp' | 'kind'>;
  issuer: Pick<IssuerPort, 'jwks'>;
  services: Pick<ServiceProbes, 'states'>;
  /** Where limits are shared. */
  redis?: { isUp(): boolean } | undefined;
  stopping: () => boolean;
  /** Of the database and the machine, as far as is known without asking. */
  health?: () => Promise<Readonly<Record<string, boolean>>>;
}

/** What works of the installation, as far as a gateway can tell. */
export class StatusSource {
  private asked: { at: number; parts: Promise<PartState[]> } | undefined;

  constructor(private readonly options: StatusSourceOptions) {}

  /**
   * What a request needs to be served at all. The transport is not among it: executions are accepted and run
   * without it.
   */
  async readiness(): Promise<Record<string, boolean>> {
    const { database, issuer, stopping } = this.options;
    const [databaseUp, issuerUp] = await Promise.all([
      answers(database.ping()),
      answers(issuer.jwks()),
    ]);
    // What the database has just said counts.
    const health = await this.options.health?.();
    return { accepting: !stopping(), database: databaseUp, issuer: issuerUp, ...health };
  }

  /** Of at most a second ago. Never rejects. */
  parts(): Promise<PartState[]> {
    const now = performance.now();
    if (!this.asked || now - this.asked.at > FRESH_MS) this.asked = { at: now, parts: this.ask() };
    return this.asked.parts;
  }

  private async ask(): Promise<PartState[]> {
    const { transport, services, redis } = this.options;
    const [{ database, issuer }, others] = await Promise.all([this.readiness(), services.states()]);
    return [
      { name: 'gateway', state: 'up' },
      ...others,
      part('issuer', issuer === true, 'new credentials cannot be verified'),
      part('database', database === true, 'requests are refused; try again later'),
      part(
        transport.kind === 'kafka' ? 'Kafka' : 'message transport',
        transport.isUp(),
        'executions are accepted and run; waiting for results and applying flows is not possible',
      ),
      ...(redis ? [part('Redis', redis.isUp(), 'limits are each gateway’s own')] : []),
    ];
  }
}

function part(name: string, up: boolean, note: string): PartState {
  return up ? { name, state: 'up' } : { name, state: 'down', note };
}

async function answers(question: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), PATIENCE_MS);
  });
  try {
    return await Promise.race([
      question.then(
        () => true,
        // A refusal is an answer too; anything else is not.
        (error: unknown) => error instanceof UserError,
      ),
      late,
    ]);
  } finally {
    clearTimeout(timer);
  }
}
