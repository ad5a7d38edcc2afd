/** Whether a request may pass. */
export interface RateDecision {
  allowed: boolean;
  /** Milliseconds until the same request would pass; 0 when it was allowed. */
  retryAfterMs: number;
}

/** The rate-limiter port: a token bucket a tenant, refilled at `perSecond`, holding one second's worth. */
export interface RateLimiter {
  /**
   * Takes `cost` tokens (default 1) from the tenant's bucket, or none when there are not enough. Never rejects:
   * an adapter whose server is down decides by itself.
   * @throws RangeError when the tenant id is not a UUID in lower case, or a number is not positive
   */
  take(tenantId: string, perSecond: number, cost?: number): Promise<RateDecision>;
  close(): Promise<void>;
}
