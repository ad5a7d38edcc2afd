import type { EnvelopeClaims } from '@easyflow/contracts-events';
import { BaseRpcContext } from '@nestjs/microservices';
import type { IncomingRecord } from '../transport';

/** A record whose envelope holds. */
export interface VerifiedRecord {
  record: IncomingRecord;
  claims: EnvelopeClaims;
}

/** The `@Ctx()` of a handler: the records it was called for; one, unless it takes batches. */
export class TransportContext extends BaseRpcContext<readonly VerifiedRecord[]> {
  get records(): readonly VerifiedRecord[] {
    return this.getArgs();
  }
}
