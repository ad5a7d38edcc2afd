/** A registered slot that may lease work; see `IssuerPort.registerOwner`. */
export interface LeaseOwner {
  owner: string;
  secret: string;
}

/** A lease that its owner cannot use now, and gives back with the reason. */
export interface Deferral {
  readonly lease: Pick<Lease, 'tenantId' | 'id' | 'claimNo' | 'wakeSeq'>;
  /** Until something wakes it, instead of a while. */
  readonly parks: boolean;
  /** Of the executor, that it needs at least. */
  readonly version: number;
  /** At most 1,000 characters are kept. */
  readonly reason: string;
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
  /** Of an execution: how often it was claimed since its last checkpoint, this time included. */
  attempts: number;
  /** Of an execution: the claim before was given back with a reason, so its process did not die of it. */
  deferred: boolean;
  /** Milliseconds since the epoch, by the database's clock. */
  leaseUntil: number;
  /** `performance.now()` after which this process must start no effect; counted from before the claim was sent. */
  deadline: number;
}
