import { UserError } from '@easyflow/kernel-errors';
import type { DatabaseAccess, IssuerPort } from '@easyflow/tenant-context';
import type { Transport } from '@easyflow/platform-messaging';
import type { PartState } from './status-page';

/** A part that does not answer in this time is down for whoever looks at the page. */
const PATIENCE_MS = 2_000;

export interface StatusSourceOptions {
  database: Pick<DatabaseAccess, 'ping'>;
  transport: Pick<Transport, 'isUp' | 'kind'>;
  issuer: Pick<IssuerPort, 'jwks'>;
  /** States of the other services, where the composition knows them. */
  services?: (() => Promise<readonly PartState[]>) | undefined;
  stopping: () => boolean;
}

/** What the gateway depends on. */
export class StatusSource {
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
    return { accepting: !stopping(), database: databaseUp, issuer: issuerUp };
  }

  async parts(): Promise<PartState[]> {
    const { transport, services } = this.options;
    const [{ database, issuer }, others] = await Promise.all([
      this.readiness(),
      services?.() ?? Promise.resolve([]),
    ]);
    return [
      { name: 'gateway', up: true },
      ...others,
      { name: 'issuer', up: issuer === true, note: 'new credentials cannot be verified' },
      { name: 'database', up: database === true, note: 'requests are refused; try again later' },
      {
        name: transport.kind === 'kafka' ? 'Kafka' : 'message transport',
        up: transport.isUp(),
        note: 'executions are accepted and run; waiting for results and applying flows is not possible',
      },
    ];
  }
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
