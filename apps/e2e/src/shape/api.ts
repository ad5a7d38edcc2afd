import { Agent, request as send } from 'undici';

/** The members that tests read of answers. Which of them an answer has, the test asserts. */
export interface Body {
  id: string;
  status: string;
  dispatch: string;
  output: Record<string, unknown>;
  error: { type: string; status: number; instance?: string };
  items: Item[];
  nextCursor?: string;
  code: string;
  title: string;
  detail: string;
  type: string;
  traceId: string;
  errors: { pointer: string; line?: number; message: string }[];
  active: boolean;
  version: string;
  name: string;
  apiKey: string;
  login: { email: string; password: string };
  accessToken: string;
  expiresIn: number;
  tokenType: string;
  keys: Record<string, unknown>[];
  paths: Record<string, Record<string, { operationId: string }>>;
  createdAt: string;
  startedAt?: string;
  endedAt?: string;
}

export interface Item {
  id: string;
  namespace: string;
  name: string;
  version: string;
  active: boolean;
  status: string;
  createdAt: string;
  flow: unknown;
  mode: string;
  executions: number;
  cost: string;
  hour: string;
  type: string;
  task?: string;
  sequence: number;
  at: string;
}

export interface Answer {
  status: number;
  headers: Record<string, string | undefined>;
  /** Parsed when it is JSON; otherwise an empty object. */
  body: Body;
  text: string;
}

export interface Ask {
  /** A value that is sent as JSON. */
  json?: unknown;
  /** Text or bytes that are sent as they are. */
  raw?: string | Buffer;
  headers?: Record<string, string>;
  /** Sent in place of the client's own; `null` sends none. */
  credential?: string | null;
}

/** HTTP of one caller. Connections are shared and limited, as those of a real client. */
export class Api {
  constructor(
    readonly url: string,
    private readonly agent: Agent,
    private readonly credential: string | undefined,
  ) {}

  get(path: string, ask: Ask = {}): Promise<Answer> {
    return this.request('GET', path, ask);
  }

  post(path: string, ask: Ask = {}): Promise<Answer> {
    return this.request('POST', path, ask);
  }

  /** Starts an execution; `name` is `namespace/name`. */
  start(name: string, json: unknown = {}, headers: Record<string, string> = {}): Promise<Answer> {
    return this.post(`/v1/flows/${name}/executions`, { json, headers });
  }

  /** Starts an execution and waits for its result. */
  run(name: string, input?: unknown, more: Record<string, unknown> = {}): Promise<Answer> {
    return this.start(
      name,
      { ...(input === undefined ? {} : { input }), ...more },
      { prefer: 'wait=30' },
    );
  }

  async apply(document: unknown, query = ''): Promise<Answer> {
    return this.post(`/v1/flows${query}`, { json: document });
  }

  async request(
    method: 'GET' | 'POST' | 'PUT' | 'DELETE',
    path: string,
    ask: Ask = {},
  ): Promise<Answer> {
    const headers: Record<string, string> = {};
    const credential = ask.credential === undefined ? this.credential : ask.credential;
    if (credential) headers['authorization'] = `Bearer ${credential}`;
    let body = ask.raw;
    if (ask.json !== undefined) {
      headers['content-type'] = 'application/json';
      body = JSON.stringify(ask.json);
    }
    const answer = await send(this.url + path, {
      method,
      headers: { ...headers, ...ask.headers },
      body,
      dispatcher: this.agent,
      headersTimeout: 75_000,
      bodyTimeout: 75_000,
    });
    const text = await answer.body.text();
    const lower = Object.entries(answer.headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(', ') : value,
    ]);
    const given = Object.fromEntries(lower) as Record<string, string | undefined>;
    const isJson = /[/+]json\b/.test(given['content-type'] ?? '');
    return {
      status: answer.statusCode,
      headers: given,
      body: (isJson && text !== '' ? JSON.parse(text) : {}) as Body,
      text,
    };
  }
}
