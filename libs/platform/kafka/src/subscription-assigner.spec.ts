import { AssignerProtocol, type Cluster, type PartitionMetadata } from 'kafkajs';
import { subscriptionAssigner } from './subscription-assigner';

/** A cluster that knows the partitions of `known` and learns those of `others` when asked to. */
function assigner(known: Record<string, number>, others: Record<string, number> = {}) {
  const partitions = new Map(Object.entries(known));
  const cluster: Pick<Cluster, 'findTopicPartitionMetadata' | 'addMultipleTargetTopics'> = {
    findTopicPartitionMetadata: (topic) =>
      Array.from({ length: partitions.get(topic) ?? 0 }, (_, partitionId) => ({
        partitionId,
      })) as PartitionMetadata[],
    addMultipleTargetTopics: async (topics) => {
      for (const topic of topics) partitions.set(topic, others[topic] ?? 0);
    },
  };
  const config = { cluster, groupId: 'g' } as unknown as Parameters<typeof subscriptionAssigner>[0];
  return subscriptionAssigner(config);
}

async function assign(
  members: Record<string, string[]>,
  known: Record<string, number>,
  others: Record<string, number> = {},
): Promise<Record<string, Record<string, number[]>>> {
  const it = assigner(known, others);
  const dealt = await it.assign({
    topics: Object.keys(known),
    members: Object.entries(members).map(([memberId, topics]) => ({
      memberId,
      memberMetadata: it.protocol({ topics }).metadata,
    })),
  });
  return Object.fromEntries(
    dealt.map(({ memberId, memberAssignment }) => [
      memberId,
      AssignerProtocol.MemberAssignment.decode(memberAssignment)?.assignment ?? {},
    ]),
  );
}

describe('subscriptionAssigner', () => {
  it('deals partitions evenly', async () => {
    const dealt = await assign({ a: ['t'], b: ['t'] }, { t: 4 });
    expect(dealt['a']?.['t']).toHaveLength(2);
    expect(dealt['b']?.['t']).toHaveLength(2);
  });

  it('gives a topic only to members that have subscribed to it', async () => {
    const dealt = await assign({ lagging: ['old'], leader: ['old', 'new'] }, { old: 1, new: 1 });
    expect(dealt['lagging']).toEqual({ old: [0] });
    expect(dealt['leader']).toEqual({ new: [0] });
  });

  it('deals topics that the leader itself has not subscribed to', async () => {
    const dealt = await assign({ leader: ['old'], other: ['old', 'new'] }, { old: 1 }, { new: 2 });
    expect(dealt).toEqual({ leader: { old: [0] }, other: { new: [0, 1] } });
  });

  it('gives an assignment to every member, though it be empty', async () => {
    const dealt = await assign({ a: ['t'], b: ['t'] }, { t: 1 });
    expect(dealt).toEqual({ a: { t: [0] }, b: {} });
  });

  it('leaves out a topic that is gone', async () => {
    expect(await assign({ a: ['gone', 't'] }, { t: 1 })).toEqual({ a: { t: [0] } });
  });
});
