import { escapeLiteral, type Client } from 'pg';
import { planSettings, type Role } from '@easyflow/platform-database';
import type { TenantToken } from '@easyflow/tenant-context';

/** A prepared statement; tables unqualified. */
interface NamedStatement {
  name: string;
  text: string;
}

/** What statements of one role read in a tenant's context, with generic plans as in the services. */
export class StatementReader {
  private readonly prepared = new Set<string>();

  private constructor(private readonly client: Client) {}

  /** The connection stays the caller's. */
  static async of(client: Client, role: Role): Promise<StatementReader> {
    for (const [name, value] of Object.entries(planSettings(role))) {
      await client.query(`SET ${name} = ${value}`);
    }
    await client.query('SET plan_cache_mode = force_generic_plan');
    return new StatementReader(client);
  }

  /** What a statement reads once everything about it is cached; nothing that it writes is kept. */
  async measure(
    token: TenantToken,
    statement: NamedStatement,
    values: readonly SqlValue[],
  ): Promise<Read> {
    const plan = await this.inContext(token, async () => {
      const call = await this.call(statement, values);
      await this.client.query('SAVEPOINT cold');
      await this.client.query(call);
      await this.client.query('ROLLBACK TO cold');
      const { rows } = await this.client.query<{ 'QUERY PLAN': [Explained] }>(
        `EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) ${call}`,
      );
      return rows[0]?.['QUERY PLAN'][0];
    });
    if (!plan) throw new Error('EXPLAIN answered no plan');
    return {
      buffers: plan.Plan['Shared Hit Blocks'] + plan.Plan['Shared Read Blocks'],
      milliseconds: plan['Execution Time'],
    };
  }

  async rows<R>(
    token: TenantToken,
    statement: NamedStatement,
    values: readonly SqlValue[],
  ): Promise<R[]> {
    return this.inContext(token, async () => {
      const { rows } = await this.client.query(await this.call(statement, values));
      return rows as R[];
    });
  }

  private async inContext<T>(token: TenantToken, work: () => Promise<T>): Promise<T> {
    await this.client.query('BEGIN');
    try {
      await this.client.query('SELECT ctx.begin($1)', [[token.token]]);
      return await work();
    } finally {
      await this.client.query('ROLLBACK');
    }
  }

  private async call({ name, text }: NamedStatement, values: readonly SqlValue[]): Promise<string> {
    if (!this.prepared.has(name)) {
      await this.client.query(`PREPARE ${name} AS ${text}`);
      this.prepared.add(name);
    }
    return values.length === 0
      ? `EXECUTE ${name}`
      : `EXECUTE ${name}(${values.map(literal).join(', ')})`;
  }
}

/** A parameter; an array is of plain texts. */
export type SqlValue = string | number | readonly string[];

export interface Read {
  /** Blocks, found in memory or not. */
  buffers: number;
  milliseconds: number;
}

interface Explained {
  Plan: { 'Shared Hit Blocks': number; 'Shared Read Blocks': number };
  'Execution Time': number;
}

function literal(value: SqlValue): string {
  return escapeLiteral(typeof value === 'object' ? `{${value.join(',')}}` : String(value));
}
