export { assertAttempt, type AttemptLimiter } from './attempt-limiter';
export { InMemoryAttemptLimiter } from './in-memory-attempt-limiter';
export { assertTake, InMemoryRateLimiter } from './in-memory-rate-limiter';
export type { RateDecision, RateLimiter } from './rate-limiter';
export { StartGate } from './start-gate';
