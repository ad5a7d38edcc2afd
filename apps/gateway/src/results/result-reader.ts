import type { Clock } from '@easyflow/kernel-time';
import {
  bundles,
  pairKey,
  type BatchReader,
  type DatabaseAccess,
  type TenantToken,
} from '@easyflow/tenant-context';
import type { ExecutionResult } from './execution-result';
import { readLargeResult, readResults } from './results.statements';

/** Rows of one read. */
const MAX_ROWS = 500;

/** A result somebody waits for. */
export interface ResultRequest {
  id: string;
  /** `ef_api`. */
  token: TenantToken;
  renewToken: () => Promise<TenantToken>;
}

interface Entry extends ResultRequest {
  resolve: (result: ExecutionResult | undefined) => void;
  reject: (error: unknown) => void;
  renewed: boolean;
}

interface ResultRow {
  tenant_id: string;
  id: string;
  status: string;
  large: boolean;
  output: string | null;
  error: string | null;
}

/**
 * Reads results for waiting requests, many tenants in one statement. One read at a time: what gathers meanwhile
 * goes with the next. Large results are read by themselves.
 */
export class ResultReader {
  private waiting: Entry[] = [];
  private running = false;

  constructor(
    private readonly reader: Pick<BatchReader, 'read'>,
    private readonly database: Pick<DatabaseAccess, 'tenant'>,
    private readonly clock: Pick<Clock, 'now'>,
  ) {}

  /** Undefined when there is no such execution. */
  read(request: ResultRequest): Promise<ExecutionResult | undefined> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ ...request, resolve, reject, renewed: false });
      if (this.running) return;
      this.running = true;
      // At the end of the turn: the ids of one message are read together.
      setImmediate(() => void this.run());
    });
  }

  private async run(): Promise<void> {
    while (this.waiting.length > 0) {
      const taken = bundles(this.waiting.splice(0, MAX_ROWS), MAX_ROWS, this.clock.now());
      for (const entry of taken.expired) void this.renew(entry);
      for (const { tokens, items } of taken.bundles) await this.readBundle(tokens, items);
    }
    this.running = false;
  }

  private async readBundle(tokens: readonly TenantToken[], items: readonly Entry[]): Promise<void> {
    try {
      const found = await this.reader.read<ResultRow>(tokens, {
        ...readResults,
        values: [items.map(({ token }) => token.tenantId), items.map(({ id }) => id)],
      });
      const rows = new Map(
        [...found.values()].flat().map((row) => [pairKey(row.tenant_id, row.id), row]),
      );
      for (const entry of items) {
        const row = rows.get(pairKey(entry.token.tenantId, entry.id));
        if (row?.large) void this.readLarge(entry);
        else entry.resolve(row && resultOf(row));
      }
    } catch (error) {
      for (const entry of items) entry.reject(error);
    }
  }

  /** One at a time of its tenant's share of the connections: megabytes hold up nobody else's results. */
  private async readLarge({ token, id, resolve, reject }: Entry): Promise<void> {
    try {
      const { rows } = await this.database.tenant(token, (session) =>
        session.queryLast<LargeRow>({ ...readLargeResult, values: [session.tenantId, id] }),
      );
      resolve(rows[0] && resultOf(rows[0]));
    } catch (error) {
      reject(error);
    }
  }

  private async renew(entry: Entry): Promise<void> {
    try {
      if (entry.renewed) throw new Error('A token expired before it could be used');
      const token = await entry.renewToken();
      this.waiting.push({ ...entry, token, renewed: true });
      if (!this.running) {
        this.running = true;
        void this.run();
      }
    } catch (error) {
      entry.reject(error);
    }
  }
}

type LargeRow = Pick<ResultRow, 'status' | 'output' | 'error'>;

function resultOf(row: LargeRow): ExecutionResult {
  return {
    status: row.status,
    ...(row.output === null ? {} : { output: row.output }),
    ...(row.error === null ? {} : { error: row.error }),
  };
}
