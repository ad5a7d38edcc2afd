import type { JsonValue } from './http-call';

/** What goes over the wire for a body, and the content type to send unless the flow sets one. */
export interface WireBody {
  text: string;
  contentType: string;
}

/**
 * A text goes as it is, everything else as JSON; with the content type of a form, a map goes as one.
 * `contentType` is what the flow has set, if anything.
 */
export function wireBody(
  body: JsonValue | undefined,
  contentType: string | undefined,
): WireBody | undefined {
  if (body === undefined) return undefined;
  if (typeof body === 'string') return { text: body, contentType: 'text/plain; charset=utf-8' };
  if (contentType?.startsWith('application/x-www-form-urlencoded') && isMap(body)) {
    return { text: form(body), contentType };
  }
  return { text: JSON.stringify(body), contentType: 'application/json' };
}

function form(body: { [key: string]: JsonValue }): string {
  const fields = new URLSearchParams();
  for (const [name, value] of Object.entries(body)) {
    for (const item of Array.isArray(value) ? value : [value]) {
      if (item === null) continue;
      fields.append(name, typeof item === 'object' ? JSON.stringify(item) : String(item));
    }
  }
  return fields.toString();
}

function isMap(body: JsonValue): body is { [key: string]: JsonValue } {
  return typeof body === 'object' && body !== null && !Array.isArray(body);
}
