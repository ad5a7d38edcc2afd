/** A registered slot that may lease work; see `IssuerPort.registerOwner`. */
export interface LeaseOwner {
  owner: string;
  secret: string;
}

/** A row of `work` (or of the outbox) that an owner holds until `leaseUntil`. */
export interface Lease {
  tenantId: string;
  /** `execution`, `schedule`, `rollup`, `release` or `outbox`. */
  kind: string;
  id: string;
  /** Fences: a later claim has a higher number. */
  claimNo: number;
  /** The wakes seen by this claim; one that has risen since means: look again. */
  wakeSeq: number;
  /** Milliseconds since the epoch, by the database's clock. */
  leaseUntil: number;
  /** `performance.now()` after which this process must start no effect; counted from before the claim was sent. */
  deadline: number;
}
