import {
  isOwnerRefused,
  type PreparedResult,
  type PreparedStatement,
  type Role,
  type RolePool,
} from '@easyflow/platform-database';
import type { TenantToken } from '../context/tenant';
import { pairKey } from '../context/tenant-key';
import type { Deferral, Lease, LeaseOwner } from './lease';

/** Longest lease, most rows of a claim and of an opening; Postgres refuses more. */
export const LEASE_LIMITS = { maxMs: 30_000, defaultMs: 15_000, claim: 500, open: 500 } as const;

const MS = '(extract(epoch FROM lease_until) * 1000)::float8 AS lease_until';

export const CLAIM = {
  name: 'ctx_claim',
  text: `SELECT tenant_id, id, kind, claim_no, wake_seq, attempts, deferred, ${MS} FROM ctx.claim($1, $2, $3::text[], $4, $5, $6)`,
};
export const RENEW = {
  name: 'ctx_renew',
  text: `SELECT tenant_id, kind, id, ${MS} FROM ctx.renew($1, $2, $3::uuid[], $4::text[], $5::uuid[], $6::int[], $7)`,
};
export const RELEASE = {
  name: 'ctx_release',
  text: 'SELECT ctx.release($1, $2, $3::uuid[], $4::text[], $5::uuid[], $6::int[], $7) AS released',
};
export const PUT_OFF = {
  name: 'ctx_put_off',
  text: 'SELECT ctx.put_off($1, $2, $3::uuid[], $4::uuid[], $5::int[], $6::int[], $7::bool[], $8::int[], $9::text[]) AS put',
};
export const OPEN = {
  name: 'ctx_open',
  text: `SELECT tenant_id, audience, token, (extract(epoch FROM expires_at) * 1000)::float8 AS expires_at, schema_name, epoch
           FROM ctx.open($1, $2, $3::uuid[], $4::text[], $5::uuid[])`,
};

interface ClaimRow {
  tenant_id: string;
  id: string;
  kind: string;
  claim_no: number;
  wake_seq: number;
  attempts: number;
  deferred: boolean;
  lease_until: number;
}

interface OpenRow {
  tenant_id: string;
  audience: Role;
  token: string;
  expires_at: number;
  schema_name: string;
  epoch: number;
}

/** Leases work and opens tokens of its tenants, on connections of `ef_claim` that never run tenant SQL. */
export class Claims {
  readonly #pool: () => RolePool;
  readonly #refused = new Set<(owner: LeaseOwner) => void>();

  constructor(pool: () => RolePool) {
    this.#pool = pool;
  }

  /** Told when Postgres does not know an owner's secret (any more); answers how to stop listening. */
  onRefused(listener: (owner: LeaseOwner) => void): () => void {
    this.#refused.add(listener);
    return () => this.#refused.delete(listener);
  }

  /**
   * Leases up to `n` due rows of the kinds, interactive ones first. Fewer than `n` means no more were due that need
   * no newer version of the claimer.
   * @throws UnexpectedError `tenant.refused` when the secret or a kind is not the owner's
   */
  async claim(
    owner: LeaseOwner,
    kinds: readonly string[],
    n: number,
    leaseMs: number = LEASE_LIMITS.defaultMs,
    version = 0,
  ): Promise<Lease[]> {
    // Counted from before the request: this process gives up before the database lets others in.
    const deadline = performance.now() + leaseMs;
    const wanted = Math.min(n, LEASE_LIMITS.claim);
    const { rows } = await this.#ask<ClaimRow>(owner, {
      ...CLAIM,
      values: [owner.owner, owner.secret, kinds, wanted, leaseMs, version],
    });
    return rows.map((row) => ({
      tenantId: row.tenant_id,
      kind: row.kind,
      id: row.id,
      claimNo: row.claim_no,
      wakeSeq: row.wake_seq,
      attempts: row.attempts,
      deferred: row.deferred,
      leaseUntil: row.lease_until,
      deadline,
    }));
  }

  /** Extends leases that are still held and answers those, with their new ends; the others are lost. */
  async renew(
    owner: LeaseOwner,
    leases: readonly Lease[],
    leaseMs: number = LEASE_LIMITS.defaultMs,
  ): Promise<Lease[]> {
    if (leases.length === 0) return [];
    const deadline = performance.now() + leaseMs;
    const { rows } = await this.#ask<Pick<ClaimRow, 'tenant_id' | 'kind' | 'id' | 'lease_until'>>(
      owner,
      {
        ...RENEW,
        values: [...keys(owner, leases), leases.map((lease) => lease.claimNo), leaseMs],
      },
    );
    const ends = new Map(
      rows.map((row) => [pairKey(row.tenant_id, row.kind, row.id), row.lease_until]),
    );
    return leases.flatMap((lease) => {
      const leaseUntil = ends.get(pairKey(lease.tenantId, lease.kind, lease.id));
      return leaseUntil === undefined ? [] : [{ ...lease, leaseUntil, deadline }];
    });
  }

  /** Gives leases back; what is due can be claimed at once, or after a delay. */
  async release(owner: LeaseOwner, leases: readonly Lease[], delayMs = 0): Promise<void> {
    if (leases.length === 0) return;
    await this.#ask(owner, {
      ...RELEASE,
      values: [...keys(owner, leases), leases.map((lease) => lease.claimNo), delayMs],
    });
  }

  /** Gives leases of executions back that this process cannot run now: for a while, or until something wakes them. */
  async putOff(owner: LeaseOwner, deferrals: readonly Deferral[]): Promise<void> {
    for (let from = 0; from < deferrals.length; from += LEASE_LIMITS.claim) {
      const some = deferrals.slice(from, from + LEASE_LIMITS.claim);
      await this.#pool().query({
        ...PUT_OFF,
        values: [
          owner.owner,
          owner.secret,
          some.map(({ lease }) => lease.tenantId),
          some.map(({ lease }) => lease.id),
          some.map(({ lease }) => lease.claimNo),
          some.map(({ lease }) => lease.wakeSeq),
          some.map(({ parks }) => parks),
          some.map(({ version }) => version),
          some.map(({ reason }) => reason),
        ],
      });
    }
  }

  /**
   * Tokens for the tenants of leases this owner holds, one for each role of its workload. Tenants
   * whose leases are not live and committed get none. A token ends with the lease: open again after `renew`.
   */
  async open(
    owner: LeaseOwner,
    leases: readonly Pick<Lease, 'tenantId' | 'kind' | 'id'>[],
  ): Promise<TenantToken[]> {
    const tokens: TenantToken[] = [];
    for (let from = 0; from < leases.length; from += LEASE_LIMITS.open) {
      const { rows } = await this.#ask<OpenRow>(owner, {
        ...OPEN,
        values: keys(owner, leases.slice(from, from + LEASE_LIMITS.open)),
      });
      for (const row of rows) {
        tokens.push({
          tenantId: row.tenant_id,
          audience: row.audience,
          token: row.token,
          expiresAt: Math.floor(row.expires_at),
          placement: {
            kind: row.schema_name === 'ef' ? 'shared' : 'schema',
            schema: row.schema_name,
            epoch: row.epoch,
          },
        });
      }
    }
    return tokens;
  }

  async #ask<R>(owner: LeaseOwner, statement: PreparedStatement): Promise<PreparedResult<R>> {
    try {
      return await this.#pool().query<R>(statement);
    } catch (error) {
      if (isOwnerRefused(error)) for (const listener of this.#refused) listener(owner);
      throw error;
    }
  }
}

function keys(
  owner: LeaseOwner,
  leases: readonly Pick<Lease, 'tenantId' | 'kind' | 'id'>[],
): unknown[] {
  return [
    owner.owner,
    owner.secret,
    leases.map((lease) => lease.tenantId),
    leases.map((lease) => lease.kind),
    leases.map((lease) => lease.id),
  ];
}
