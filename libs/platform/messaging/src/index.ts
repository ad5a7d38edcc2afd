export { DEAD_LETTER_HEADERS, deadLetterOf } from './dead-letter';
export { deliver, type DeliverOptions } from './deliver';
export {
  InProcessTransport,
  type InProcessTransportOptions,
} from './in-process/in-process-transport';
export { receiveTraced, sendTraced } from './traced-records';
export type {
  BatchHandler,
  IncomingRecord,
  OutgoingRecord,
  SubscribeOptions,
  Subscription,
  TenantSubscribeOptions,
  TenantSubscription,
  Transport,
  TransportLog,
} from './transport';
export { tenantDeadLetterTopic, tenantEventsTopic } from '@easyflow/contracts-events';
