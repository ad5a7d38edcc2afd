/** What the process needs to serve, and whether it is so now: a database that answers, a clock that is right, room on the disk. */
export type Readiness = () => Promise<Readonly<Record<string, boolean>>>;

export const READINESS = Symbol('Readiness');
