import type { Caller, CredentialCache, TenantToken } from '@easyflow/tenant-context';
import { UnexpectedError } from '@easyflow/kernel-errors';

/** Roles the gateway acts under: reads and small writes of one tenant, and the group commit. */
export const gatewayRoles = ['ef_api', 'ef_writer'] as const;
export type GatewayRole = (typeof gatewayRoles)[number];

/** The verified caller of a request and the tokens its credential earned. */
export class Principal {
  private constructor(
    private readonly credentials: CredentialCache,
    /** The raw credential: delegations are signed for it, and the issuer verifies it again. */
    readonly credential: string,
    readonly caller: Caller,
    private tokens: ReadonlyMap<string, TenantToken>,
  ) {}

  /** @throws UserError `auth.invalid_credentials` when the issuer refuses the credential. */
  static async of(credentials: CredentialCache, credential: string): Promise<Principal> {
    const { caller, tokens } = await credentials.resolve(credential);
    return new Principal(credentials, credential, caller, tokens);
  }

  get tenantId(): string {
    return this.caller.tenantId;
  }

  token(role: GatewayRole): TenantToken {
    const token = this.tokens.get(role);
    if (!token) {
      throw new UnexpectedError(
        'gateway.role_missing',
        `The issuer minted no token for ${role}; assign the role to the gateway's workload`,
      );
    }
    return token;
  }

  /** A live token, asked for again: a request that waits may outlive the one it came with. */
  async renew(role: GatewayRole): Promise<TenantToken> {
    this.tokens = (await this.credentials.resolve(this.credential)).tokens;
    return this.token(role);
  }
}
