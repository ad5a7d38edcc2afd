import type { Redis } from 'ioredis';

/** Renamed with every change of meaning: during a deployment old and new callers share the server. */
export const TAKE_FUNCTION = 'easyflow_rate_take_v1';

/**
 * A token bucket in one hash: tokens left and the server's time in microseconds when they were counted. A
 * Function and not EVALSHA: ACLs gate commands and keys, and scripts are forgotten at a restart when SCRIPT LOAD
 * is denied. The same arithmetic as InMemoryRateLimiter; one contract suite holds both to it.
 */
const LIBRARY = `#!lua name=easyflow_rate_v1
local function take(keys, args)
  local rate, cost = tonumber(args[1]), tonumber(args[2])
  local time = redis.call('TIME')
  local now = time[1] * 1000000 + time[2]
  local bucket = redis.call('HMGET', keys[1], 'tokens', 'at')
  local tokens = tonumber(bucket[1]) or rate
  local elapsed = math.max(0, now - (tonumber(bucket[2]) or now))
  tokens = math.min(rate, tokens + elapsed * rate / 1000000)
  local needed = math.min(cost, rate)
  local wait = 0
  if tokens >= needed then
    tokens = tokens - cost
  else
    wait = math.ceil((needed - tokens) * 1000 / rate)
  end
  redis.call('HSET', keys[1], 'tokens', string.format('%.17g', tokens), 'at', string.format('%.0f', now))
  -- When the bucket is full again it says nothing that a missing one would not say.
  redis.call('PEXPIRE', keys[1], math.ceil((rate - tokens) * 1000 / rate) + 1000)
  return wait
end
redis.register_function('${TAKE_FUNCTION}', take)
`;

/** Loads the Function; at deployment, and by a limiter that finds it missing and may. Idempotent. */
export async function loadRateFunction(redis: Redis): Promise<void> {
  await redis.function('LOAD', 'REPLACE', LIBRARY);
}
