export { assertTake, InMemoryRateLimiter } from './in-memory-rate-limiter';
export type { RateDecision, RateLimiter } from './rate-limiter';
