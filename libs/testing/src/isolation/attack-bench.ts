import assert from 'node:assert/strict';
import type { Client, QueryResult } from 'pg';
import type { Role } from '@easyflow/platform-database';
import type { TestDatabase, TestTenant } from '../test-database';
import { plantCanaries } from './canaries';

/** A tenant with a canary in every table of its placement. */
export interface CanaryTenant extends TestTenant {
  schema: string;
  /** The id of its canaries. */
  canary: string;
}

export type Placement = 'shared' | 'schema';

/**
 * Two tenants of one placement, their canaries, and raw connections as an attacker has who took over
 * a session: not through our code, which has checks of its own, but straight at Postgres.
 */
export class AttackBench {
  private constructor(
    readonly database: TestDatabase,
    /** The attacker's tenant. */
    readonly a: CanaryTenant,
    /** The victim. */
    readonly b: CanaryTenant,
  ) {}

  static async create(database: TestDatabase, placement: Placement): Promise<AttackBench> {
    const plant = async (): Promise<CanaryTenant> => {
      const tenant = await database.createTenant({ placement });
      const schema = placement === 'shared' ? 'ef' : `tenant_${tenant.id.replaceAll('-', '')}`;
      return { ...tenant, schema, canary: await plantCanaries(database, tenant.id, schema) };
    };
    return new AttackBench(database, await plant(), await plant());
  }

  /** A connection of the role for `work`, closed after it. */
  async connected<T>(role: Role, work: (client: Client) => Promise<T>): Promise<T> {
    const client = await this.database.connectAs(role);
    try {
      return await work(client);
    } finally {
      await client.end();
    }
  }

  /** A transaction of the role in the tenant's context, rolled back after `work`. */
  async inside<T>(
    role: Role,
    tenants: readonly CanaryTenant[],
    work: (client: Client) => Promise<T>,
  ): Promise<T> {
    const tokens = await Promise.all(tenants.map((tenant) => tenant.token(role)));
    return this.connected(role, async (client) => {
      await client.query('BEGIN');
      await client.query('SELECT ctx.begin($1)', [tokens.map((token) => token.token)]);
      try {
        return await work(client);
      } finally {
        await client.query('ROLLBACK');
      }
    });
  }
}

/** Asserts that Postgres refuses the statement with the SQLSTATE (default 42501), and goes on in the transaction. */
export async function refused(
  client: Client,
  text: string,
  values: unknown[] = [],
  sqlState = '42501',
): Promise<void> {
  const inTransaction = await attempt(client, text, values);
  assert.ok('error' in inTransaction, `not refused: ${text}`);
  assert.equal(inTransaction.error.code, sqlState, `${text}: ${inTransaction.error.message}`);
}

/** Asserts that the statement, here in its rightful context, works and finds at least one row. */
export async function works(client: Client, text: string, values: unknown[] = []): Promise<void> {
  const outcome = await attempt(client, text, values);
  if ('error' in outcome) throw new Error(`the control failed: ${text}: ${outcome.error.message}`);
  assert.ok((outcome.result.rowCount ?? 0) > 0, `the control found nothing: ${text}`);
}

/** Asserts that the statement finds or touches nothing. */
export async function findsNothing(
  client: Client,
  text: string,
  values: unknown[] = [],
): Promise<void> {
  const outcome = await attempt(client, text, values);
  if ('error' in outcome) {
    assert.equal(outcome.error.code, '42501', `${text}: ${outcome.error.message}`);
    return;
  }
  assert.equal(outcome.result.rowCount ?? 0, 0, `found rows: ${text}`);
}

export type Outcome = { result: QueryResult } | { error: Error & { code?: string } };

/** Runs a statement behind a savepoint when a transaction is open, so that it can fail without ending it. */
export async function attempt(
  client: Client,
  text: string,
  values: unknown[] = [],
): Promise<Outcome> {
  const open = await client.query('SAVEPOINT attempt').then(
    () => true,
    () => false,
  );
  try {
    const result = await client.query(text, values);
    if (open) await client.query('ROLLBACK TO attempt');
    return { result };
  } catch (thrown) {
    if (open) await client.query('ROLLBACK TO attempt');
    if (!(thrown instanceof Error)) throw thrown;
    return { error: thrown };
  }
}

/** One attack of the suite; `run` throws when it succeeds, or when its positive control does not. */
export interface Attack {
  name: string;
  run(bench: AttackBench): Promise<void>;
}
