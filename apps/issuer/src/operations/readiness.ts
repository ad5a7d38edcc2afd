/** Whether the process can serve now: its database answers. */
export type Readiness = () => Promise<boolean>;

export const READINESS = Symbol('Readiness');
