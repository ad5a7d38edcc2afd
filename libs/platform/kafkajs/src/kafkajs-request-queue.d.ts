/** Internal to kafkajs 2.2.4, which has no types for it; see idle-queues.ts. */
declare module 'kafkajs/src/network/requestQueue' {
  class RequestQueue {
    /** Requests that wait because of throttling or too many in flight. */
    pending: unknown[];
    /** Milliseconds since the epoch; -1 when the broker has not throttled. */
    throttledUntil: number;
    throttleCheckTimeoutId: NodeJS.Timeout | null;
    checkPendingRequests(): void;
    scheduleCheckPendingRequests(): void;
  }
  export = RequestQueue;
}
