import type { Json } from '@easyflow/expressions';
import { Fault, standardError } from './flow-error';
import { MOST_EVENT, weightOf } from './weight';

const RFC_3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/i;

/** A CloudEvent in JSON form (CloudEvents 1.0). */
export interface CloudEvent {
  specversion: '1.0';
  id: string;
  source: string;
  type: string;
  time: string;
  [attribute: string]: Json;
}

/**
 * Completes the attributes that an `emit` task gives: `id`, `source` and `time` have defaults, null attributes
 * are left out.
 * @throws Fault when a required attribute is no text, the time is none, or the event is too large
 */
export function emittedEvent(
  attributes: Json,
  defaults: { id: string; source: string; time: string },
  instance: string,
): CloudEvent {
  const given = Object.entries(attributes as { [key: string]: Json }).filter(
    ([name, value]) => value !== null || name === 'data',
  );
  const event = { specversion: '1.0', ...defaults, ...Object.fromEntries(given) } as CloudEvent;
  for (const name of ['id', 'source', 'type', 'time'] as const) {
    const value: unknown = event[name];
    if (typeof value === 'string' && value !== '') continue;
    const detail = `The attribute "${name}" of the event did not evaluate to a text`;
    throw new Fault(standardError('expression', detail, { instance }));
  }
  if (!RFC_3339.test(event.time)) {
    const detail = `The attribute "time" of the event must be as in 2026-01-31T08:00:00Z, not ${JSON.stringify(event.time.slice(0, 50))}`;
    throw new Fault(standardError('expression', detail, { instance }));
  }
  event.specversion = '1.0';
  if (weightOf(event, MOST_EVENT) > MOST_EVENT) {
    const detail = `The event is larger than ${MOST_EVENT} characters; emit where its data can be found instead`;
    throw new Fault(standardError('runtime', detail, { instance }));
  }
  return event;
}
