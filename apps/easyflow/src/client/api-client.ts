import { CommandFailure, exitCodes } from '../cli/exit-codes';
import { ApiError, ServerUnreachableError, type Problem } from './api-error';
import type { ClientSettings } from './client-settings';

export interface ApiRequest {
  method?: 'GET' | 'POST';
  /** Sent as JSON. */
  body?: unknown;
  /** Sent as it is, instead of `body`. */
  document?: { text: string; mediaType: string };
  headers?: Record<string, string>;
  /** `admin` sends the admin key instead of the tenant's credential. */
  as?: 'tenant' | 'admin';
}

export interface ApiAnswer<T> {
  status: number;
  headers: Headers;
  body: T;
}

export interface Page<T> {
  items: T[];
  nextCursor?: string;
}

/**
 * The HTTP API as the command line uses it. Throws ApiError, ServerUnreachableError, and CommandFailure (usage) for
 * what no header can hold.
 */
export class ApiClient {
  constructor(private readonly settings: ClientSettings) {}

  async request<T>(path: string, request: ApiRequest = {}): Promise<ApiAnswer<T>> {
    const credential = request.as === 'admin' ? this.settings.adminKey : this.settings.apiKey;
    const headers: Record<string, string> = { accept: 'application/json', ...request.headers };
    if (credential !== undefined) headers['authorization'] = `Bearer ${credential}`;
    let body: string | undefined;
    if (request.body !== undefined) {
      headers['content-type'] = 'application/json';
      body = JSON.stringify(request.body);
    }
    if (request.document !== undefined) {
      headers['content-type'] = request.document.mediaType;
      body = request.document.text;
    }
    refuseUnsendable(headers);
    let response: Response;
    let text: string;
    try {
      response = await fetch(this.settings.url + path, {
        method: request.method ?? 'GET',
        headers,
        body,
      });
      text = await response.text();
    } catch (error) {
      throw new ServerUnreachableError(this.settings.url, error);
    }
    const parsed = parseBody(text, response.headers.get('content-type'));
    if (!response.ok) throw new ApiError(asProblem(parsed, response.status));
    return { status: response.status, headers: response.headers, body: parsed as T };
  }

  /** All items of a list, page by page, until `most` are read. */
  async *list<T>(path: string, request: ApiRequest = {}, most = Infinity): AsyncGenerator<T> {
    let cursor: string | undefined;
    let count = 0;
    do {
      const url = new URL(path, 'http://unused');
      if (cursor !== undefined) url.searchParams.set('cursor', cursor);
      const page: Page<T> = (await this.request<Page<T>>(url.pathname + url.search, request)).body;
      for (const item of page.items) {
        if (count === most) return;
        count += 1;
        yield item;
      }
      cursor = page.nextCursor;
    } while (cursor !== undefined);
  }
}

/** `fetch` refuses them too, but with the same kind of error as when no server answers. */
function refuseUnsendable(headers: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(headers)) {
    if (!/^[\t -~\u0080-\u00ff]*$/.test(value)) {
      throw new CommandFailure(
        exitCodes.usage,
        `The header "${name}" cannot be sent with this value: use visible ASCII characters.`,
      );
    }
  }
}

function parseBody(text: string, contentType: string | null): unknown {
  if (text === '') return undefined;
  if (contentType === null || !/[/+]json\b/.test(contentType)) return text;
  return JSON.parse(text) as unknown;
}

function asProblem(body: unknown, status: number): Problem {
  if (typeof body === 'object' && body !== null) return { ...body, status };
  return { status, title: `HTTP ${status}` };
}
