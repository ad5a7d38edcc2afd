import { SlotLease } from './slot-lease';

const log = { info: jest.fn(), warn: jest.fn(), error: jest.fn() };
const until = async (condition: () => boolean) => {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2));
};

/** An issuer that gives these slots, one an answer; undefined fails. The last one stays. */
function issuer(...answers: (number | undefined)[]) {
  const leaseSlot = jest.fn(async () => {
    const answer = answers.length > 1 ? answers.shift() : answers[0];
    if (answer === undefined) throw new Error('down');
    return answer;
  });
  return { leaseSlot, freeSlot: jest.fn(async () => undefined) };
}

describe('SlotLease', () => {
  const options = { holder: 'gateway-abc', logger: log, patienceMs: 20, retryMs: 1, renewMs: 1 };

  it('waits for an issuer that comes up late, and gives the slot back', async () => {
    const port = issuer(undefined, undefined, 3);
    const lost = jest.fn();
    const lease = await SlotLease.take({ ...options, patienceMs: 60_000, issuer: port, lost });
    expect(lease?.slot).toBe('3');
    await until(() => port.leaseSlot.mock.calls.length > 3);
    await lease?.close();
    expect(port.freeSlot).toHaveBeenCalledWith('gateway-abc');
    expect(lost).not.toHaveBeenCalled();
  });

  it('lets the start go on without an issuer', async () => {
    expect(
      await SlotLease.take({ ...options, issuer: issuer(undefined), lost: jest.fn() }),
    ).toBeUndefined();
  });

  it('keeps the slot while the issuer is down, and ends when it is another’s', async () => {
    const lost = jest.fn();
    const answers: (number | undefined)[] = [0, undefined, undefined, 0, 1];
    const port = issuer(...answers);
    const lease = await SlotLease.take({ ...options, issuer: port, lost });
    await until(() => lost.mock.calls.length > 0);
    expect(port.leaseSlot).toHaveBeenCalledTimes(5);
    expect(lost).toHaveBeenCalledTimes(1);
    await lease?.close();
  });
});
