import { AssignerProtocol, type Cluster, type GroupMember, type PartitionAssigner } from 'kafkajs';

const { MemberAssignment, MemberMetadata } = AssignerProtocol;

interface Candidate {
  memberId: string;
  topics: ReadonlySet<string>;
  count: number;
  assignment: Record<string, number[]>;
}

const VERSION = 0;
const NAME = 'EasyFlowSubscriptionAssigner';

/**
 * Deals each topic only to members that have subscribed to it, evenly. kafkajs' round-robin deals the leader's
 * topics to members regardless of what they asked for: while one of two has picked up a new topic, the topic
 * may go to the other, which drops it, and topics that the leader lacks go to nobody.
 */
export const subscriptionAssigner: PartitionAssigner = ({ cluster }) => ({
  name: NAME,
  version: VERSION,

  async assign({ members }) {
    const candidates = members.map(candidateOf).sort(byMemberId);
    const topics = [...new Set(candidates.flatMap((candidate) => [...candidate.topics]))].sort();
    await learn(cluster, topics);
    for (const topic of topics) {
      for (const { partitionId } of cluster.findTopicPartitionMetadata(topic)) {
        deal(topic, partitionId, candidates);
      }
    }
    return candidates.map(({ memberId, assignment }) => ({
      memberId,
      memberAssignment: MemberAssignment.encode({
        version: VERSION,
        assignment,
        userData: Buffer.alloc(0),
      }),
    }));
  },

  protocol({ topics }) {
    return {
      name: NAME,
      metadata: MemberMetadata.encode({ version: VERSION, topics, userData: Buffer.alloc(0) }),
    };
  },
});

/** The leader needs the partitions of topics that only others subscribed to. */
async function learn(cluster: Cluster, topics: readonly string[]): Promise<void> {
  const missing = topics.filter((topic) => cluster.findTopicPartitionMetadata(topic).length === 0);
  if (missing.length > 0) await cluster.addMultipleTargetTopics(missing);
}

/** To the member with the fewest partitions among those that want the topic. */
function deal(topic: string, partition: number, candidates: readonly Candidate[]): void {
  const wanting = candidates.filter((candidate) => candidate.topics.has(topic));
  const least = Math.min(...wanting.map((candidate) => candidate.count));
  const chosen = wanting.find((candidate) => candidate.count === least);
  if (!chosen) return;
  chosen.count += 1;
  (chosen.assignment[topic] ??= []).push(partition);
}

function candidateOf({ memberId, memberMetadata }: GroupMember): Candidate {
  const topics = new Set(MemberMetadata.decode(memberMetadata)?.topics ?? []);
  return { memberId, topics, count: 0, assignment: {} };
}

function byMemberId(a: Candidate, b: Candidate): number {
  return a.memberId < b.memberId ? -1 : 1;
}
