import { flowNamePattern, pageLimit, usageQuerySchema, type Usage } from '@easyflow/contracts-http';
import type { Clock } from '@easyflow/kernel-time';
import { Controller, Get, Inject, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { CallerPrincipal } from '../authentication/access';
import type { Principal } from '../authentication/principal';
import { invalidCursor, readCursor, writeCursor } from '../http/cursor';
import { readQuery } from '../http/request-body';
import { CLOCK } from '../tokens';
import { usageRange } from './usage-range';
import { UsageRepository, type UsageKey } from './usage.repository';

@Controller('/v1/usage')
export class UsageController {
  constructor(
    @Inject(UsageRepository) private readonly usage: UsageRepository,
    @Inject(CLOCK) private readonly clock: Pick<Clock, 'now'>,
  ) {}

  @Get()
  async read(
    @CallerPrincipal() principal: Principal,
    @Req() request: FastifyRequest,
  ): Promise<Usage> {
    const query = readQuery(request, usageQuerySchema);
    const { from, to } = usageRange(query, this.clock.now());
    const first = firstKey(from);
    const cursor = query.cursor === undefined ? first : keyOf(query.cursor);
    const after = cursor[0] < first[0] ? first : cursor;
    const limit = query.limit ?? pageLimit.max;
    const { items, next } = await this.usage.read(principal.token('ef_api'), after, to, limit);
    return { items, ...(next ? { nextCursor: writeCursor(next) } : {}) };
  }
}

/** Before every row of the hour in which `from` is. */
function firstKey(from: Date): UsageKey {
  const hour = new Date(from);
  hour.setUTCMinutes(0, 0, 0);
  return [hour.toISOString(), '', '', ''];
}

const HOUR = /^[1-9]\d{3}-\d{2}-\d{2}T\d{2}:00:00\.000Z$/;

function keyOf(cursor: string): UsageKey {
  const [hour = '', namespace = '', name = '', mode = ''] = readCursor(cursor, [
    HOUR,
    flowNamePattern,
    flowNamePattern,
    /^[a-z]{1,32}$/,
  ]);
  if (Number.isNaN(Date.parse(hour))) throw invalidCursor();
  return [hour, namespace, name, mode];
}
