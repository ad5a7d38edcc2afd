import type { Dispatch } from '@easyflow/contracts-http';
import type { BatchWriter, TenantToken } from '@easyflow/tenant-context';
import { readBoundKeys } from './acceptance.statements';

/** The first execution of an idempotency key. */
export interface BoundKey {
  id: string;
  status: string;
  dispatch: Dispatch;
  requestHash: Buffer;
}

/** Looks a key up without binding it: when nothing may be stored, or the request would not pass today. */
export class BoundKeys {
  constructor(private readonly writer: Pick<BatchWriter, 'transaction'>) {}

  /** Under the tenant's `ef_writer` token. */
  async find(token: TenantToken, key: string): Promise<BoundKey | undefined> {
    const { rows } = await this.writer.transaction([token], (session) =>
      session.queryLast<{
        execution_id: string;
        status: string;
        dispatch: Dispatch;
        request_hash: Buffer;
      }>({ ...readBoundKeys, values: [[token.tenantId], [key]] }),
    );
    const row = rows[0];
    return (
      row && {
        id: row.execution_id,
        status: row.status,
        dispatch: row.dispatch,
        requestHash: row.request_hash,
      }
    );
  }
}
