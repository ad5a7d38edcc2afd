import type { ExecutionsSignalled } from '@easyflow/contracts-events';
import { logger } from '@easyflow/platform-telemetry';
import { SignalNotices } from './signal-notices';

function notices(options: { up?: boolean; fail?: boolean } = {}) {
  const sent: ExecutionsSignalled[] = [];
  const sender = new SignalNotices({
    transportIsUp: () => options.up ?? true,
    emit: async (_, notice) => {
      if (options.fail) throw new Error('down');
      sent.push(notice);
    },
    logger: logger('test', { level: 'silent' }),
  });
  return { sender, sent };
}

describe('SignalNotices', () => {
  it('says at once what was signalled, and what comes meanwhile together', async () => {
    const { sender, sent } = notices();
    for (const id of ['1', '2', '3']) sender.signalled('t', id);
    await sender.close();
    expect(sent).toEqual([
      { pairs: [{ tenantId: 't', id: '1' }] },
      {
        pairs: [
          { tenantId: 't', id: '2' },
          { tenantId: 't', id: '3' },
        ],
      },
    ]);
  });

  it('sends no message of more pairs than its schema takes', async () => {
    const { sender, sent } = notices();
    for (let id = 0; id < 2_500; id += 1) sender.signalled('t', `${id}`);
    await sender.close();
    expect(sent.every(({ pairs }) => pairs.length <= 1_000)).toBe(true);
    expect(sent.flatMap(({ pairs }) => pairs)).toHaveLength(2_500);
  });

  it.each([{ up: false }, { fail: true }])('forgets what it cannot send: %j', async (how) => {
    const { sender, sent } = notices(how);
    sender.signalled('t', '1');
    await sender.close();
    expect(sent).toEqual([]);
  });
});
