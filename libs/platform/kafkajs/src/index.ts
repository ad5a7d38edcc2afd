export { quietenIdleQueues } from './idle-queues';
