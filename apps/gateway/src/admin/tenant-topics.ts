import {
  tenantDeadLetterTopic,
  tenantEventsTopic,
  type TenantCreated,
} from '@easyflow/contracts-events';
import type { Transport } from '@easyflow/platform-messaging';
import type { Logger } from '@easyflow/platform-telemetry';

export interface TenantTopicsOptions {
  transport: Pick<Transport, 'ensureTopics'>;
  emit: (type: 'tenant.created', notice: TenantCreated) => Promise<void>;
  logger: Logger;
}

/**
 * A new tenant's topics. The tenant exists before them: with the transport down its executions run by the
 * executors' poll, and consumers find the topics by their metadata poll once something made them.
 */
export class TenantTopics {
  constructor(private readonly options: TenantTopicsOptions) {}

  /** Never fails: the tenant is created, and its topics are made again when something is sent to them. */
  async announce(tenantId: string): Promise<void> {
    const { transport, emit, logger } = this.options;
    try {
      await transport.ensureTopics([tenantEventsTopic(tenantId), tenantDeadLetterTopic(tenantId)]);
      await emit('tenant.created', { tenantId });
    } catch (error) {
      logger.warn({ err: error, tenantId }, 'a new tenant has no topics yet');
    }
  }
}
