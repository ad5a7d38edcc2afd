import RequestQueue from 'kafkajs/src/network/requestQueue';

/** kafkajs' own interval for requests that wait for a free place. */
const CHECK_MS = 10;

let done = false;

/**
 * Keeps kafkajs from waking up a thousand times a second for every connection. Its request queue looks for waiting
 * requests by a timer that it sets anew each time, also when nothing waits and nothing is throttled; the time is
 * negative then, so it fires a millisecond later, for ever (2.2.4, src/network/requestQueue). With a consumer a
 * bucket an idle executor spent 10 % of a core so, and every other service 5 %.
 */
export function quietenIdleQueues(): void {
  if (done) return;
  done = true;
  RequestQueue.prototype.scheduleCheckPendingRequests = function (this: RequestQueue): void {
    const throttled = this.throttledUntil - Date.now();
    if (this.throttleCheckTimeoutId || (throttled <= 0 && this.pending.length === 0)) return;
    this.throttleCheckTimeoutId = setTimeout(
      () => {
        this.throttleCheckTimeoutId = null;
        this.checkPendingRequests();
      },
      throttled > 0 ? throttled : CHECK_MS,
    );
  };
}
