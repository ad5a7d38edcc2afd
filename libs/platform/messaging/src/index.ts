export { DEAD_LETTER_HEADERS, deadLetterOf } from './dead-letter';
export { deliver, type DeliverOptions } from './deliver';
export {
  InProcessTransport,
  type InProcessTransportOptions,
} from './in-process/in-process-transport';
export { processGroup } from './nest/process-group';
export type { RecordSigner, RecordVerifier } from './nest/record-trust';
export { RpcErrorFilter } from './nest/rpc-error-filter';
export {
  TransportClient,
  type RequestData,
  type TransportClientOptions,
} from './nest/transport-client';
export { TransportContext, type VerifiedRecord } from './nest/transport-context';
export { TransportStrategy, type TransportStrategyOptions } from './nest/transport-strategy';
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
