/** Thrown when the work was claimed again while it was done: the other's stands. */
export class LostLeaseError extends Error {}
