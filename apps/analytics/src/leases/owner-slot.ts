import type { IssuerPort, LeaseOwner } from '@easyflow/tenant-context';

/**
 * The lease owner of this process, shared by its workers: registering a slot again releases what it holds, so it is
 * registered once and again only when something went wrong under it.
 */
export class OwnerSlot {
  private owner: Promise<LeaseOwner> | undefined;

  constructor(
    private readonly issuer: Pick<IssuerPort, 'registerOwner'>,
    private readonly slot: string,
  ) {}

  /** @throws OperationalError when the issuer cannot be asked */
  get(): Promise<LeaseOwner> {
    this.owner ??= this.register();
    return this.owner;
  }

  /** The slot may have been registered elsewhere since: the next `get` registers anew. */
  forget(): void {
    this.owner = undefined;
  }

  private async register(): Promise<LeaseOwner> {
    try {
      return await this.issuer.registerOwner(this.slot);
    } catch (error) {
      this.owner = undefined;
      throw error;
    }
  }
}
