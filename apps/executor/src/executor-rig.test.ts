import { compileFlow, restoreHistory, type CallHttpEffect, type Json } from '@easyflow/engine';
import type { HttpCall, HttpCallResult } from '@easyflow/platform-http';
import { newId } from '@easyflow/kernel-ids';
import { systemClock, type Clock } from '@easyflow/kernel-time';
import type { RateLimiter } from '@easyflow/platform-limiter';
import { InProcessTransport, type Transport } from '@easyflow/platform-messaging';
import { logger } from '@easyflow/platform-telemetry';
import { EnvelopeSigner, type DatabaseAccess } from '@easyflow/tenant-context';
import { createTestDatabase, waitFor, type TestDatabase, type TestTenant } from '@easyflow/testing';
import { parseEcoWindow } from '@easyflow/domain-schedule';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { Executor } from './executor';
import { defaultExecutorSettings, type ExecutorSettings } from './executor-settings';

export const quietLogger = logger('executor', { level: 'silent' });

export const testSigner = new EnvelopeSigner({
  keyId: 'executor-test',
  service: 'executor',
  privateKey: generateKeyPairSync('ed25519').privateKey,
});

/** Calls are answered by the test. */
export class FakeCaller {
  readonly calls: CallHttpEffect[] = [];
  answer: (call: CallHttpEffect, signal: AbortSignal | undefined) => Promise<Json> = () =>
    Promise.resolve({});

  async perform(call: HttpCall, options: { signal?: AbortSignal } = {}): Promise<HttpCallResult> {
    const effect = call as CallHttpEffect;
    this.calls.push(effect);
    try {
      const output = await this.answer(effect, options.signal);
      return { kind: 'effectSucceeded', key: call.key, output };
    } catch (error) {
      const type = 'https://open-workflow-specification.org/spec/1.0.0/errors/communication';
      const detail = error instanceof Error ? error.message : String(error);
      const failure = { type, status: 503, title: 'Communication Error', detail };
      return { kind: 'effectFailed', key: call.key, error: failure };
    }
  }
}

export interface ExecutionRow {
  id: string;
  status: string;
  output: Json;
  error: { type: string; status: number; detail?: string } | null;
  revision: number;
}

/** An executor on a real database, with the gateway's part played by the superuser. */
export class ExecutorRig {
  readonly executors: Executor[] = [];

  private constructor(
    readonly database: TestDatabase,
    readonly access: DatabaseAccess,
    readonly transport: InProcessTransport,
  ) {}

  static async open(): Promise<ExecutorRig> {
    const database = await createTestDatabase();
    const access = await database.accessFor(['ef_claim', 'ef_worker', 'ef_writer']);
    const transport = new InProcessTransport({ log: quietLogger });
    await transport.connect();
    return new ExecutorRig(database, access, transport);
  }

  async executor(
    options: {
      settings?: Partial<ExecutorSettings>;
      caller?: FakeCaller;
      access?: DatabaseAccess;
      transport?: Transport;
      clock?: Clock;
      ownsSlot?: () => Promise<boolean>;
      starts?: RateLimiter;
    } = {},
  ): Promise<Executor> {
    const executor = new Executor({
      settings: {
        ...defaultExecutorSettings,
        ecoWindow: parseEcoWindow('always'),
        slot: newId(),
        ...options.settings,
      },
      database: options.access ?? this.access,
      transport: options.transport ?? this.transport,
      issuer: { registerOwner: (slot) => this.database.registerOwner('executor', slot) },
      signer: testSigner,
      caller: options.caller ?? new FakeCaller(),
      clock: options.clock ?? systemClock,
      ...(options.ownsSlot ? { ownsSlot: options.ownsSlot } : {}),
      ...(options.starts && { starts: options.starts }),
      logger: quietLogger,
    });
    this.executors.push(executor);
    await executor.start();
    return executor;
  }

  async close(): Promise<void> {
    await this.stopAll();
    await this.transport.close();
    await this.database.drop();
  }

  async stopAll(): Promise<void> {
    await Promise.all(this.executors.splice(0).map((executor) => executor.close()));
  }

  /** Stores a version, as the registry would. `tasks` is the flow's `do`. */
  async flow(
    tenant: TestTenant,
    name: string,
    tasks: Json,
    more: { [key: string]: Json } = {},
  ): Promise<void> {
    const document = {
      document: { dsl: '1.0.0', namespace: 'test', name, version: '1.0.0' },
      ...more,
      do: tasks,
    };
    compileFlow(document);
    const schema = await this.schemaOf(tenant);
    await this.database.superuser(
      `INSERT INTO ${schema}.flows (tenant_id, namespace, name, active_version) VALUES ($1, 'test', $2, '1.0.0')`,
      [tenant.id, name],
    );
    await this.database.superuser(
      `INSERT INTO ${schema}.flow_versions (tenant_id, namespace, name, version, id, document, source, media_type, content_hash)
       VALUES ($1, 'test', $2, '1.0.0', $3, $4, '', 'application/json', '')`,
      [tenant.id, name, newId(), JSON.stringify(document)],
    );
  }

  /** Tenants made past the issuer, whose password hashes would cost a tenth of a second each. */
  async tenants(count: number): Promise<TestTenant[]> {
    const made: TestTenant[] = [];
    for (let n = 0; n < count; n += 1) {
      const id = newId();
      await this.database.superuser(
        `SELECT ctx.create_tenant($1, $2, '{}', 'shared', $3, $4, '{}', $5, $6, '')`,
        [id, `tenant ${n}`, newId(), randomBytes(32), newId(), `${id}@example.test`],
      );
      made.push({
        id,
        name: `tenant ${n}`,
        apiKey: '',
        login: { email: '', password: '' },
        token: () => Promise.reject(new Error('not minted')),
      });
    }
    return made;
  }

  /** Accepts an execution, as the gateway would. */
  async accept(
    tenant: TestTenant,
    name: string,
    input: Json = {},
    options: { mode?: string; class?: number; dueAt?: string; replySlot?: string } = {},
  ): Promise<string> {
    const id = newId();
    const schema = await this.schemaOf(tenant);
    await this.database.superuser(
      `WITH e AS (
         INSERT INTO ${schema}.executions (tenant_id, id, flow_namespace, flow_name, flow_version, mode, status, input, reply_slot)
         VALUES ($1, $2, 'test', $3, '1.0.0', $5, 'pending', $4, $8))
       INSERT INTO ef.work (tenant_id, kind, id, class, due_at)
       VALUES ($1, 'execution', $2, $6, coalesce($7::timestamptz, now()))`,
      [
        tenant.id,
        id,
        name,
        JSON.stringify(input),
        options.mode ?? 'balanced',
        options.class ?? 0,
        options.dueAt ?? null,
        options.replySlot ?? null,
      ],
    );
    return id;
  }

  /** Stores a signal and wakes the execution in one transaction, as the gateway does for a cancellation. */
  async signal(tenant: TestTenant, id: string, signal: Json): Promise<void> {
    const schema = await this.schemaOf(tenant);
    await this.database.superuser(
      `WITH s AS (
         INSERT INTO ${schema}.execution_signals (tenant_id, id, execution_id, signal) VALUES ($1, $3, $2, $4))
       UPDATE ef.work SET wake_seq = wake_seq + 1, due_at = least(due_at, now())
       WHERE tenant_id = $1 AND kind = 'execution' AND id = $2`,
      [tenant.id, id, newId(), JSON.stringify(signal)],
    );
  }

  /** A cancellation as `signal` stores it, which is not committed yet and holds the work row. */
  async holdWake(
    tenant: TestTenant,
    id: string,
  ): Promise<{ commitWhenAwaited: () => Promise<void> }> {
    const holder = new Client({ connectionString: this.database.databaseUrl });
    await holder.connect();
    await holder.query('BEGIN');
    await holder.query(
      `INSERT INTO ef.execution_signals (tenant_id, id, execution_id, signal) VALUES ($1, $2, $3, '{"kind":"cancel"}')`,
      [tenant.id, newId(), id],
    );
    await holder.query(
      `UPDATE ef.work SET wake_seq = wake_seq + 1, due_at = least(due_at, now())
       WHERE tenant_id = $1 AND kind = 'execution' AND id = $2`,
      [tenant.id, id],
    );
    const [own] = (await holder.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')).rows;
    return {
      commitWhenAwaited: async () => {
        try {
          await waitFor(
            async () =>
              (await this.count(
                'SELECT count(*) FROM pg_stat_activity WHERE $1 = ANY (pg_blocking_pids(pid))',
                [own?.pid],
              )) > 0,
            { describe: 'a checkpoint to wait for the row', every: 10 },
          );
          await holder.query('COMMIT');
        } finally {
          await holder.end();
        }
      },
    };
  }

  async execution(tenant: TestTenant, id: string): Promise<ExecutionRow> {
    const schema = await this.schemaOf(tenant);
    const [row] = await this.database.superuser<ExecutionRow & Record<string, unknown>>(
      `SELECT id, status, output, error, revision FROM ${schema}.executions WHERE tenant_id = $1 AND id = $2`,
      [tenant.id, id],
    );
    if (!row) throw new Error(`There is no execution ${id}`);
    return row;
  }

  /** Waits until the execution has one of the statuses. */
  reaches(tenant: TestTenant, id: string, ...statuses: string[]): Promise<ExecutionRow> {
    return waitFor(
      async () => {
        const row = await this.execution(tenant, id);
        return statuses.includes(row.status) && row;
      },
      {
        describe: async () =>
          `${statuses.join(' or ')}, it is ${JSON.stringify(await this.execution(tenant, id))}`,
        timeout: 20_000,
        every: 20,
      },
    );
  }

  ends(tenant: TestTenant, id: string): Promise<ExecutionRow> {
    return this.reaches(tenant, id, 'completed', 'faulted', 'cancelled');
  }

  async history(tenant: TestTenant, id: string): Promise<{ sequence: number; type: string }[]> {
    const schema = await this.schemaOf(tenant);
    const rows = await this.database.superuser<{ segment: number; items: string }>(
      `SELECT segment, items::text AS items FROM ${schema}.execution_history WHERE tenant_id = $1 AND execution_id = $2 ORDER BY segment`,
      [tenant.id, id],
    );
    return rows.flatMap((row) => restoreHistory(row.segment, row.items));
  }

  async work(tenant: TestTenant, id: string): Promise<Record<string, unknown> | undefined> {
    const rows = await this.database.superuser<Record<string, unknown>>(
      `SELECT * FROM ef.work WHERE tenant_id = $1 AND kind = 'execution' AND id = $2`,
      [tenant.id, id],
    );
    return rows[0];
  }

  async count(sql: string, values: unknown[] = []): Promise<number> {
    const [row] = await this.database.superuser<{ count: string }>(sql, values);
    return Number(row?.count);
  }

  private async schemaOf(tenant: TestTenant): Promise<string> {
    const [row] = await this.database.superuser<{ schema_name: string }>(
      'SELECT schema_name FROM ctx.placements WHERE tenant_id = $1',
      [tenant.id],
    );
    return row?.schema_name ?? 'ef';
  }
}

/** A task that calls HTTP; the fake caller answers. */
export function callTask(more: { [key: string]: Json } = {}): Json {
  return { call: 'http', with: { method: 'get', endpoint: 'http://example.test/' }, ...more };
}
