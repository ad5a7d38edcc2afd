import RequestQueue from 'kafkajs/src/network/requestQueue';
import { quietenIdleQueues } from './idle-queues';

/** A queue without its connection: only what the timer reads. */
function queueWith(state: { pending: unknown[]; throttledUntil: number }) {
  const checked = jest.fn();
  const queue = Object.assign(Object.create(RequestQueue.prototype) as RequestQueue, state, {
    throttleCheckTimeoutId: null,
    checkPendingRequests: checked,
  });
  return { queue, checked };
}

describe('the request queue of kafkajs', () => {
  beforeAll(() => quietenIdleQueues());
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  it('sets no timer when nothing waits', () => {
    const { queue } = queueWith({ pending: [], throttledUntil: -1 });
    queue.scheduleCheckPendingRequests();
    expect(jest.getTimerCount()).toBe(0);
  });

  it('looks again soon when requests wait for a place', () => {
    const { queue, checked } = queueWith({ pending: [{}], throttledUntil: -1 });
    queue.scheduleCheckPendingRequests();
    queue.scheduleCheckPendingRequests();
    expect(jest.getTimerCount()).toBe(1);
    jest.advanceTimersByTime(10);
    expect(checked).toHaveBeenCalledTimes(1);
  });

  it('looks again when throttling ends', () => {
    const { queue, checked } = queueWith({ pending: [{}], throttledUntil: Date.now() + 500 });
    queue.scheduleCheckPendingRequests();
    jest.advanceTimersByTime(499);
    expect(checked).not.toHaveBeenCalled();
    jest.advanceTimersByTime(1);
    expect(checked).toHaveBeenCalledTimes(1);
  });
});
