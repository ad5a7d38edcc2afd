export { loadAttemptFunctions } from './attempt-functions';
export { loadRateFunction } from './rate-function';
export { RedisAttemptLimiter } from './redis-attempt-limiter';
export type { RedisFunctionsOptions, RedisLog } from './redis-functions';
export { RedisRateLimiter } from './redis-rate-limiter';
