export {
  createTenantRequestSchema,
  createdTenantSchema,
  tenantLimitsSchema,
  tenantPageSchema,
  tenantSchema,
  type CreateTenantRequest,
  type ApiKey,
  type ApiKeyList,
  type CreatedApiKey,
  type CreatedTenant,
  type RotatedTokenKeys,
  type Tenant,
} from './admin';
export {
  accessToken,
  jwksSchema,
  loginRequestSchema,
  loginResponseSchema,
  type LoginRequest,
  type LoginResponse,
} from './auth';
export { canonicalJson } from './canonical-json';
export { errorsDocument } from './errors-document';
export {
  acceptedExecutionSchema,
  dispatchSchema,
  endedExecutionSchema,
  executionModeSchema,
  executionModes,
  executionPageSchema,
  executionSchema,
  executionStatusSchema,
  executionStatuses,
  executionSummarySchema,
  finalStatuses,
  flowErrorSchema,
  historyItemSchema,
  historyItemTypes,
  historyLimit,
  historyQuerySchema,
  historySchema,
  isFinal,
  listExecutionsQuerySchema,
  startExecutionAliasSchema,
  startExecutionSchema,
  type AcceptedExecution,
  type Dispatch,
  type ExecutionMode,
  type ExecutionStatus,
  type ListExecutionsQuery,
  type StartExecution,
} from './executions';
export {
  applyFlowQuerySchema,
  documentMediaTypes,
  flowVersionPageSchema,
  flowVersionSchema,
  type DocumentMediaType,
  type FlowVersion,
} from './flows';
export { healthSchema, readinessSchema, type Readiness } from './health';
export { openApiDocument } from './openapi';
export {
  problemKind,
  problemKinds,
  problemMediaType,
  problemSchema,
  problemType,
  type Problem,
  type ProblemCode,
  type ProblemKind,
} from './problem';
export type { Route, RouteAccess, RouteAnswer } from './route';
export { routes } from './routes';
export {
  usageItemSchema,
  usageQuerySchema,
  usageSchema,
  type Usage,
  type UsageQuery,
} from './usage';
export {
  flowNamePattern,
  flowVersionLength,
  flowVersionPattern,
  idSchema,
  pageLimit,
  pageOf,
  pageQuerySchema,
  timeSchema,
} from './values';
