import { runAttemptLimiterContract } from '@easyflow/testing';
import { InMemoryAttemptLimiter } from './in-memory-attempt-limiter';

runAttemptLimiterContract('in-memory', async () => new InMemoryAttemptLimiter());
