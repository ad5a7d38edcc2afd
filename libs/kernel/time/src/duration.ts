import { UserError } from '@easyflow/kernel-errors';

const ISO_8601 =
  /^P(?:(\d+(?:\.\d+)?)W)?(?:(\d+(?:\.\d+)?)D)?(?:T(?:(\d+(?:\.\d+)?)H)?(?:(\d+(?:\.\d+)?)M)?(?:(\d+(?:\.\d+)?)S)?)?$/;

const DAY = 86_400_000;
const UNITS = [7 * DAY, DAY, 3_600_000, 60_000, 1_000] as const;
const PROPERTIES = {
  days: DAY,
  hours: 3_600_000,
  minutes: 60_000,
  seconds: 1_000,
  milliseconds: 1,
} as const;

/**
 * Three thousand years in milliseconds. A time that far from now can still be written as RFC 3339 does, with four digits for the year;
 * who writes a longer duration means forever.
 */
export const LONGEST_DURATION = 3_000 * 365 * DAY;

/**
 * Milliseconds of a duration of the Open Workflow DSL: an ISO 8601 text (`PT1.5S`, `P1D`, `P2W`; years and
 * months have no fixed length and are refused) or an object of days, hours, minutes, seconds, milliseconds.
 * A longer one than three thousand years is cut to that.
 * @throws UserError `duration.invalid`
 */
export function parseDuration(value: unknown): number {
  if (typeof value === 'string') return parseIso(value);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return parseProperties(value as Record<string, unknown>);
  }
  throw invalid(value);
}

function parseIso(text: string): number {
  const match = ISO_8601.exec(text);
  if (!match || text.endsWith('P') || text.endsWith('T')) throw invalid(text);
  return bounded(UNITS.reduce((sum, unit, index) => sum + unit * Number(match[index + 1] ?? 0), 0));
}

function parseProperties(value: Record<string, unknown>): number {
  const entries = Object.entries(value);
  if (entries.length === 0) throw invalid(value);
  return bounded(
    entries.reduce((sum, [name, amount]) => {
      if (!Object.hasOwn(PROPERTIES, name)) throw invalid(value);
      if (typeof amount !== 'number' || !Number.isFinite(amount) || amount < 0)
        throw invalid(value);
      return sum + PROPERTIES[name as keyof typeof PROPERTIES] * amount;
    }, 0),
  );
}

function bounded(milliseconds: number): number {
  return Math.min(Math.round(milliseconds), LONGEST_DURATION);
}

function invalid(value: unknown): UserError {
  return new UserError(
    'duration.invalid',
    `${JSON.stringify(value)} is not a duration; write ISO 8601 such as "PT30S", or an object such as {"seconds": 30}`,
    { status: 422 },
  );
}
