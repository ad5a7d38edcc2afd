import type { TransportLog } from '@easyflow/platform-messaging';
import { ConfigResourceTypes, type Admin } from 'kafkajs';

/** How long a broker makes the first member of an empty consumer group wait for others. */
const SETTING = 'group.initial.rebalance.delay.ms';

/**
 * Warns when the brokers keep Kafka's default of 3 s. A bucket that takes a new tenant's topic in leaves its group
 * and joins again; when it was alone, or all members heard of the tenant at once, the group is empty meanwhile, and
 * the bucket's tenants waited for 3 to 6 s instead of 0.2. Never rejects: who may not read the setting is not warned.
 */
export async function warnOfGroupDelay(
  admin: Pick<Admin, 'describeCluster' | 'describeConfigs'>,
  log: TransportLog,
): Promise<void> {
  try {
    const { brokers } = await admin.describeCluster();
    const [first] = brokers;
    if (!first) return;
    const { resources } = await admin.describeConfigs({
      includeSynonyms: false,
      resources: [
        { type: ConfigResourceTypes.BROKER, name: String(first.nodeId), configNames: [SETTING] },
      ],
    });
    const entries = resources.flatMap(({ configEntries }) => configEntries);
    const delayMs = Number(entries.find(({ configName }) => configName === SETTING)?.configValue);
    if (!(delayMs > 0)) return;
    log.warn({ delayMs }, `New tenants hold others up: set ${SETTING} to 0 on the Kafka brokers`);
  } catch (error) {
    log.debug({ error }, `${SETTING} of the Kafka brokers could not be read`);
  }
}
