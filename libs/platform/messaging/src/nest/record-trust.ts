import type { EnvelopeClaims } from '@easyflow/contracts-events';
import type { IncomingRecord } from '../transport';

/** Signs what is sent: `EnvelopeSigner` of @easyflow/tenant-context. */
export interface RecordSigner {
  sign(content: {
    topic: string;
    type: string;
    tenantId: string | null;
    ids?: readonly string[];
    value: string;
  }): Record<string, string>;
}

/** Says who sent what was received, or rejects: `EnvelopeVerifier` of @easyflow/tenant-context. */
export interface RecordVerifier {
  verify(record: IncomingRecord): Promise<EnvelopeClaims>;
}
