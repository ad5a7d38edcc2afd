import { z } from 'zod';
import { isRole, type Role } from '@easyflow/platform-database';
import { SERVICE_NAMES, type IssuerCore, type ServiceName } from '@easyflow/tenant-context';

const secret = z.string().min(1).max(8_192);
const limits = z
  .object({
    requestsPerSecond: z.number().positive().optional(),
    concurrentExecutions: z.number().int().positive().optional(),
  })
  .transform(({ requestsPerSecond, concurrentExecutions }) => ({
    ...(requestsPerSecond === undefined ? {} : { requestsPerSecond }),
    ...(concurrentExecutions === undefined ? {} : { concurrentExecutions }),
  }));
const ofTenant = z.object({ adminKey: secret, tenantId: z.string() });
const holder = z.object({ holder: z.string().max(253) });
const delegated = z.object({
  pattern: z.string().min(1).max(200),
  requestId: z.string().min(1).max(200),
  payloadHash: z.string().regex(/^[0-9a-f]{64}$/),
});

function operation<T>(
  schema: z.ZodType<T>,
  run: (core: IssuerCore, workload: ServiceName, content: T) => unknown,
): (core: IssuerCore, workload: ServiceName, content: unknown) => Promise<unknown> {
  return async (core, workload, content) => run(core, workload, schema.parse(content));
}

/** What a workload may ask, by the last part of the path. */
export const OPERATIONS = {
  login: operation(
    z.object({ email: z.string().max(320), password: z.string().max(1_024) }),
    (core, _, content) => core.login(content.email, content.password),
  ),
  jwks: operation(z.object({}), (core) => core.jwks()),
  authenticate: operation(
    z.object({
      credential: secret,
      roles: z.array(z.custom<Role>((value) => typeof value === 'string' && isRole(value))),
    }),
    (core, workload, content) => core.authenticate(workload, content.credential, content.roles),
  ),
  delegate: operation(
    z.object({
      credential: secret,
      request: delegated.extend({ audience: z.enum(SERVICE_NAMES) }),
    }),
    async (core, workload, content) => ({
      delegation: await core.delegate(workload, content.credential, content.request),
    }),
  ),
  exchange: operation(
    z.object({
      delegation: secret,
      request: delegated.extend({ sender: z.enum(SERVICE_NAMES) }),
    }),
    (core, workload, content) => core.exchange(workload, content.delegation, content.request),
  ),
  'register-owner': operation(z.object({ slot: z.string().max(64) }), (core, workload, content) =>
    core.registerOwner(workload, content.slot),
  ),
  'lease-slot': operation(holder, async (core, workload, content) => ({
    slot: await core.leaseSlot(workload, content.holder),
  })),
  'free-slot': operation(holder, async (core, workload, content) => {
    await core.freeSlot(workload, content.holder);
    return {};
  }),
  'verify-admin': operation(z.object({ adminKey: secret }), (core, _, content) => {
    core.verifyAdmin(content.adminKey);
    return {};
  }),
  'create-tenant': operation(
    z.object({
      adminKey: secret,
      tenant: z
        .object({
          name: z.string().optional(),
          limits: limits.optional(),
          placement: z.enum(['shared', 'schema']).optional(),
        })
        .transform(({ name, limits: given, placement }) => ({
          ...(name === undefined ? {} : { name }),
          ...(given === undefined ? {} : { limits: given }),
          ...(placement === undefined ? {} : { placement }),
        })),
    }),
    (core, _, content) => core.createTenant(content.adminKey, content.tenant),
  ),
  'list-tenants': operation(
    z.object({
      adminKey: secret,
      page: z
        .object({ limit: z.number().int().min(1).max(1_000), cursor: z.string().optional() })
        .transform(({ limit, cursor }) => ({ limit, ...(cursor === undefined ? {} : { cursor }) })),
    }),
    (core, _, content) => core.listTenants(content.adminKey, content.page),
  ),
  'suspend-tenant': operation(ofTenant.extend({ suspended: z.boolean() }), (core, _, content) =>
    core.suspendTenant(content.adminKey, content.tenantId, content.suspended),
  ),
  'list-keys': operation(ofTenant, async (core, _, content) => ({
    items: await core.listKeys(content.adminKey, content.tenantId),
  })),
  'create-key': operation(z.object({ credential: secret }), (core, _, content) =>
    core.createKey(content.credential),
  ),
  'revoke-key': operation(ofTenant.extend({ keyId: z.string() }), (core, _, content) =>
    core.revokeKey(content.adminKey, content.tenantId, content.keyId),
  ),
  'rotate-token-keys': operation(z.object({ adminKey: secret }), async (core, _, content) => {
    await core.rotateTokenKeys(content.adminKey);
    return {};
  }),
  'sender-keys': operation(z.object({}), (core) => ({ keys: core.senderKeys() })),
} as const;
