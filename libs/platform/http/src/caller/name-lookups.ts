import { lookup as systemLookup, type LookupAddress, type LookupOptions } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { CallLanes } from './call-lanes';

/** Of one tenant at a time: most names are known to the resolver and take a millisecond. */
const MOST_OF_TENANT = 4;

type Lookup = (
  hostname: string,
  options: LookupOptions & { all: true },
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/**
 * Name lookups divided among tenants. They run on half of the threads of Node's pool (libuv, `uv__work_submit` of slow
 * I/O), two by default, and a name whose servers do not answer holds one for seconds: without turns two such names of
 * one tenant stop the lookups of all.
 */
export class NameLookups {
  private readonly lanes: CallLanes;

  /** `atOnce`: as many as the pool runs; those that nobody wants any more still hold theirs until the end. */
  constructor(
    atOnce: number,
    private readonly choose: (hostname: string, found: LookupAddress[]) => LookupAddress[],
  ) {
    this.lanes = new CallLanes({ total: atOnce, perTenant: MOST_OF_TENANT, perOrigin: 1 });
  }

  /** For the connections of a tenant; a lookup that waits its turn ends with the signal. */
  of(tenantId: string, signal: AbortSignal): LookupFunction {
    return (hostname, options, callback) => {
      this.inTurn(tenantId, hostname, options, signal).then(
        (found) => {
          const [first] = found;
          if (options.all) callback(null, found);
          else callback(null, first?.address ?? '', first?.family);
        },
        (error: NodeJS.ErrnoException) => callback(error, ''),
      );
    };
  }

  /** @throws what the resolver says, what `choose` throws, or the signal's reason */
  private async inTurn(
    tenantId: string,
    hostname: string,
    options: LookupOptions,
    signal: AbortSignal,
  ): Promise<LookupAddress[]> {
    const leave = await this.lanes.enter(tenantId, hostname, signal);
    try {
      return this.choose(hostname, await resolve(hostname, options));
    } finally {
      leave();
    }
  }
}

function resolve(hostname: string, options: LookupOptions): Promise<LookupAddress[]> {
  const lookup = systemLookup as Lookup;
  return new Promise((done, reject) => {
    lookup(hostname, { ...options, all: true }, (error, found) => {
      if (error) reject(error);
      else done(found);
    });
  });
}
