import type { Broker, Cluster, PartitionAssigner } from 'kafkajs';
import { subscriptionAssigner } from './subscription-assigner';

/** kafkajs' own broker object can; its types do not say so. */
interface LeavingBroker extends Broker {
  leaveGroup(request: { groupId: string; memberId: string }): Promise<unknown>;
}

/**
 * Takes a crashed consumer's place in the group back. kafkajs crashes when the broker goes away and comes back
 * as a new member; the group then waits for the old one until its session ends, ten seconds without records. So
 * before joining the old member is made to leave.
 */
export class FormerMember {
  private cluster: Cluster | undefined;
  private memberId: string | undefined;

  constructor(private readonly groupId: string) {}

  /** The assigner, through which alone kafkajs hands its cluster out. */
  readonly assigner: PartitionAssigner = (config) => {
    this.cluster = config.cluster;
    return subscriptionAssigner(config);
  };

  joined(memberId: string): void {
    this.memberId = memberId;
  }

  /** @throws what kafkajs throws, also when the member is long gone: then there is nothing to wait for */
  async leave(): Promise<void> {
    const { cluster, memberId, groupId } = this;
    if (!cluster || memberId === undefined) return;
    await cluster.refreshMetadata();
    const coordinator = await cluster.findGroupCoordinator({ groupId });
    if (canLeave(coordinator)) await coordinator.leaveGroup({ groupId, memberId });
    this.memberId = undefined;
  }
}

function canLeave(broker: Broker): broker is LeavingBroker {
  return 'leaveGroup' in broker && typeof broker.leaveGroup === 'function';
}
