export { envelopeClaimsSchema, type EnvelopeClaims } from './envelope';
export {
  flowActivateBodySchema,
  flowApplyBodySchema,
  flowReplySchema,
  type FlowActivateBody,
  type FlowApplyBody,
  type FlowReply,
} from './flow-requests';
export { MESSAGE_HEADERS } from './headers';
export {
  maySend,
  MESSAGE_TYPES,
  messageType,
  type MessageType,
  type MessageTypeName,
} from './message-types';
export {
  cloudEventSchema,
  controlReplySchema,
  controlRequestSchema,
  executionsEndedSchema,
  executionsSignalledSchema,
  flowActivatedSchema,
  hintSchema,
  lifecycleSchema,
  tenantCreatedSchema,
  type CloudEventRecord,
  type ControlReply,
  type ControlRequest,
  type ExecutionsEnded,
  type ExecutionsSignalled,
  type FlowActivated,
  type Hint,
  type Lifecycle,
  type TenantCreated,
} from './messages';
export { REQUEST_PATTERNS, type RequestPattern } from './request-patterns';
export { SERVICE_NAMES, serviceNameSchema, type ServiceName } from './service-names';
export {
  NOTICES_TOPIC,
  repliesTopic,
  requestsTopic,
  tenantDeadLetterTopic,
  tenantEventsTopic,
  tenantOfEventsTopic,
} from './topics';
