import type { OutgoingRecord, Transport } from '@easyflow/platform-messaging';
import { newId } from '@easyflow/kernel-ids';
import type { Logger } from '@easyflow/platform-telemetry';
import type { Checkpoint } from '../checkpoint/checkpoint';
import { testSigner } from '../executor-rig.test';
import { EndedResults } from './ended-results';

describe('EndedResults', () => {
  it('tells other gateways when a row names a slot that is none', async () => {
    const sent: OutgoingRecord[] = [];
    const errors: unknown[] = [];
    const results = new EndedResults(
      {
        send: async (records: readonly OutgoingRecord[]) => void sent.push(...records),
      } as unknown as Transport,
      testSigner,
      { error: (told: unknown) => errors.push(told) } as unknown as Logger,
    );
    const [tenantId, id] = [newId(), newId()];
    const ended = (replySlot: string): Checkpoint =>
      ({ tenantId, id, execution: { facts: { replySlot } } }) as unknown as Checkpoint;
    results.tell([ended('not.a.slot'), ended('1')]);
    await results.close();

    expect(sent.map(({ topic }) => topic)).toEqual(['easyflow.gateway.replies.1']);
    expect(JSON.parse(sent[0]?.value ?? '')).toEqual({ pairs: [{ tenantId, id }] });
    expect(errors).toHaveLength(1);
  });
});
