import type { UsageQuery } from '@easyflow/contracts-http';

const DEFAULT_MS = 30 * 86_400_000;

/** Nothing was used before it, and Postgres reads no year 0. */
const EARLIEST_MS = 0;

/** JavaScript writes later years with a sign and six digits, which Postgres does not read. */
const LATEST_MS = Date.parse('9999-12-31T23:59:59.999Z');

/** From when to when a query asks for usage: the 30 days before `to`, and `to` now, where it does not say. */
export function usageRange(query: UsageQuery, now: number): { from: Date; to: Date } {
  const to = query.to === undefined ? now : Date.parse(query.to);
  const from = query.from === undefined ? to - DEFAULT_MS : Date.parse(query.from);
  return { from: bounded(from), to: bounded(to) };
}

function bounded(time: number): Date {
  return new Date(Math.min(Math.max(time, EARLIEST_MS), LATEST_MS));
}
