export {
  SERVICE_NAMES,
  type Caller,
  type Placement,
  type ServiceName,
  type TenantLimits,
  type TenantToken,
} from './context/tenant';
export { DividedCache, type DividedCacheLimits } from './context/divided-cache';
export { pairKey, type TenantKey } from './context/tenant-key';
export { currentTenant, insideTenant, runInTenant } from './context/unit-of-work';
export { BatchReader } from './access/batch-reader';
export { BatchWriter } from './access/batch-writer';
export { bisect, type Bisected } from './access/bisect';
export { bundles, type Bundle } from './access/bundles';
export { FlushLanes } from './access/flush-lanes';
export { CLAIM, Claims, LEASE_LIMITS, OPEN, RELEASE, RENEW } from './access/claims';
export { CredentialCache, type ResolvedCredential } from './access/credential-cache';
export { OwnerSlot, type OwnerSlotOptions } from './access/owner-slot';
export {
  DatabaseAccess,
  type DatabaseHealth,
  type DatabaseSettings,
} from './access/database-access';
export {
  Issuance,
  TOKEN_TTL_MS,
  type MintedTokens,
  type NewTenantRecord,
  type ResolvedKey,
  type ResolvedLogin,
  type TenantRecord,
} from './access/issuance';
export type { BatchSession, Statement, StatementResult, TenantSession } from './access/sessions';
export type { Deferral, Lease, LeaseOwner } from './access/lease';
export { DEFAULT_STARTS_PER_SECOND, READ_LIMITS, TenantRates } from './access/tenant-rates';
export type { BornExecution, EndedExecution, LocalDispatch } from './dispatch/local-dispatch';
export {
  apiKeyHash,
  hashPassword,
  isApiKey,
  newApiKey,
  newPassword,
  sameSecret,
  verifyPassword,
} from './issuer/credentials';
export { BoundedQueue } from './issuer/bounded-queue';
export { HttpIssuer, type HttpIssuerSettings, type IssuerProblem } from './issuer/http-issuer';
export { InProcessIssuer } from './issuer/in-process-issuer';
export { IssuerCore, storeTenant, type IssuerSettings } from './issuer/issuer-core';
export { jwkSet, readJwtKeys, type JwtKey } from './issuer/jwt-keys';
export { TokenKeyRotation, type TokenKeyRotationOptions } from './issuer/token-key-rotation';
export { AssertionVerifier, signAssertion } from './issuer/workload-assertion';
export {
  readWorkloadIdentity,
  senderKeyOf,
  WORKLOAD_LEASES,
  WORKLOAD_ROLES,
  workloadIdentity,
  type WorkloadIdentity,
} from './issuer/workload';
export type {
  ApiKeyItem,
  AuthenticatedCaller,
  CreatedApiKey,
  CreatedTenant,
  DelegatedRequest,
  IssuerPort,
  LoginAnswer,
  NewTenant,
  ReceivedRequest,
  SenderKey,
  TenantItem,
} from './issuer/issuer-port';
export {
  EnvelopeSigner,
  type EnvelopeContent,
  type EnvelopeSignerOptions,
} from './envelope/envelope-signer';
export { EnvelopeVerifier, type EnvelopeVerifierOptions } from './envelope/envelope-verifier';
