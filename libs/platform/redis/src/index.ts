export { loadRateFunction } from './rate-function';
export {
  RedisRateLimiter,
  type RedisLog,
  type RedisRateLimiterOptions,
} from './redis-rate-limiter';
