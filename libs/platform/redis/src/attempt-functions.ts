import type { Redis } from 'ioredis';

/** Renamed with every change of meaning: during a deployment old and new callers share the server. */
export const ATTEMPT_FUNCTIONS = {
  book: 'easyflow_attempts_book_v1',
  refund: 'easyflow_attempts_refund_v1',
  remember: 'easyflow_attempts_remember_v1',
  knows: 'easyflow_attempts_knows_v1',
} as const;

/** A counter that expires with its window. The same arithmetic as InMemoryAttemptLimiter; one contract suite holds both to it. */
const LIBRARY = `#!lua name=easyflow_attempts_v1
local function book(keys, args)
  local limit, window = tonumber(args[1]), tonumber(args[2])
  local booked = tonumber(redis.call('GET', keys[1])) or 0
  if booked >= limit then
    local left = redis.call('PTTL', keys[1])
    if left < 1 then left = 1 end
    return left
  end
  if redis.call('EXISTS', keys[1]) == 0 then
    redis.call('SET', keys[1], 1, 'PX', math.ceil(window))
  else
    redis.call('INCR', keys[1])
  end
  return 0
end
local function refund(keys, args)
  if (tonumber(redis.call('GET', keys[1])) or 0) > 0 then redis.call('DECR', keys[1]) end
  return 0
end
local function remember(keys, args)
  redis.call('SET', keys[1], 1, 'PX', math.ceil(tonumber(args[1])))
  return 0
end
local function knows(keys, args)
  return redis.call('EXISTS', keys[1])
end
redis.register_function('${ATTEMPT_FUNCTIONS.book}', book)
redis.register_function('${ATTEMPT_FUNCTIONS.refund}', refund)
redis.register_function('${ATTEMPT_FUNCTIONS.remember}', remember)
redis.register_function('${ATTEMPT_FUNCTIONS.knows}', knows)
`;

/** Loads the Functions; at deployment, and by a limiter that finds them missing and may. Idempotent. */
export async function loadAttemptFunctions(redis: Redis): Promise<void> {
  await redis.function('LOAD', 'REPLACE', LIBRARY);
}
