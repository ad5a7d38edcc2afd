import type { Json } from '@easyflow/expressions';
import type { Authentication, CompiledProgram, HttpAction } from '../compile/program';
import type { HttpRequest } from './effects';
import type { Evaluation } from './evaluation';
import { Fault, standardError } from './flow-error';
import { jsonText, refuseLarge, tooLarge } from './json-text';
import type { Branch } from './state';
import { MOST_REQUEST, MOST_TEXT } from './weight';

/** Evaluates the request of a call of the branch's innermost task. @throws Fault */
export function buildRequest(
  action: HttpAction,
  branch: Branch,
  evaluation: Evaluation,
): HttpRequest {
  const frame = branch.frames.at(-1);
  const input = frame?.input ?? null;
  const instance = frame?.task ?? '';
  const evaluate = (site: HttpAction['body']): Json | undefined =>
    site && evaluation.evaluate(site, input, { branch });
  const endpoint =
    action.endpoint.kind === 'uriTemplate'
      ? expand(action.endpoint.text, input, instance)
      : text(evaluate(action.endpoint.site), 'endpoint', instance);
  const headers = texts(evaluate(action.headers), 'headers', instance);
  const authorization = authorizationOf(action.authentication, branch, evaluation);
  if (authorization) {
    for (const name of Object.keys(headers)) {
      if (name.toLowerCase() === 'authorization') delete headers[name];
    }
    headers.Authorization = `${authorization.scheme} ${authorization.parameter}`;
  }
  const body = evaluate(action.body);
  const query = evaluate(action.query);
  // Encoding a text of a hundred megabytes takes seconds that nothing could interrupt.
  refuseLarge([headers, body ?? null], MOST_REQUEST, 'request of the call', instance);
  return {
    method: text(evaluate(action.method), 'method', instance).toUpperCase(),
    uri: withQuery(endpoint, query, instance),
    headers,
    ...(body !== undefined && { body }),
    redirect: action.redirect,
    output: action.output,
  };
}

/** The authorization of the branch's innermost task, `$authorization`; null when it has none. */
export function authorizationValue(
  program: CompiledProgram,
  branch: Branch,
  evaluation: Evaluation,
): Json {
  const action = program.tasks.get(branch.frames.at(-1)?.task ?? '')?.action;
  if (action?.kind !== 'callHttp') return null;
  return authorizationOf(action.authentication, branch, evaluation) ?? null;
}

function authorizationOf(
  authentication: Authentication | undefined,
  branch: Branch,
  evaluation: Evaluation,
): { scheme: string; parameter: string } | undefined {
  if (!authentication) return undefined;
  const frame = branch.frames.at(-1);
  const instance = frame?.task ?? '';
  const { scheme } = authentication;
  let read: (key: 'username' | 'password' | 'token') => Json | undefined;
  if ('secret' in authentication) {
    const secret = evaluation.secret(authentication.secret, instance);
    read = (key) => property(secret, key);
  } else {
    const sites: Record<string, HttpAction['body']> = { ...authentication, scheme: undefined };
    read = (key) => {
      const site = sites[key];
      return site && evaluation.evaluate(site, frame?.input ?? null, { branch });
    };
  }
  const part = (key: 'username' | 'password' | 'token'): string => {
    const value = read(key);
    if (typeof value === 'string' || typeof value === 'number') {
      refuseLarge(value, MOST_TEXT, `${key} of the authentication`, instance);
      return String(value);
    }
    const detail = `The ${scheme} authentication has no ${key}`;
    throw new Fault(standardError('authentication', detail, { instance }));
  };
  const parameter =
    scheme === 'Bearer'
      ? part('token')
      : Buffer.from(`${part('username')}:${part('password')}`, 'utf8').toString('base64');
  return { scheme, parameter };
}

function property(value: Json, key: string): Json | undefined {
  // A secret that is a text is a token by itself.
  if (typeof value === 'string') return key === 'token' ? value : undefined;
  return isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}

/** RFC 6570 simple string expansion over the top-level properties of the input. */
function expand(template: string, input: Json, instance: string): string {
  let taken = 0;
  return template.replaceAll(/\{([^{}]*)\}/g, (_, name: string) => {
    const value = isObject(input) && Object.hasOwn(input, name) ? input[name] : undefined;
    if (value === undefined || value === null) return '';
    if (typeof value === 'object') {
      const detail = `"${name}" in the URI ${template} must be a text, a number, a boolean or null`;
      throw new Fault(standardError('expression', detail, { instance }));
    }
    const text = String(value);
    taken += text.length;
    if (taken > MOST_TEXT) throw tooLarge(MOST_TEXT, 'URI of the call', instance);
    // encodeURIComponent leaves !'()* alone, which RFC 6570 reserves.
    return encodeURIComponent(text).replaceAll(
      /[!'()*]/g,
      (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
    );
  });
}

function withQuery(uri: string, query: Json | undefined, instance: string): string {
  if (query === undefined || query === null) return uri;
  if (!isObject(query)) throw wrong('query', 'a map', instance);
  refuseLarge(query, MOST_TEXT, 'query of the call', instance);
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const item of Array.isArray(value) ? value : [value]) {
      if (item === null) continue;
      parameters.append(
        name,
        typeof item === 'object' ? jsonText(item, 'query of the call', instance) : String(item),
      );
    }
  }
  const added = parameters.toString();
  if (added === '') return uri;
  const [address = '', ...fragment] = uri.split('#');
  const separator = !address.includes('?') ? '?' : /[?&]$/.test(address) ? '' : '&';
  return [address + separator + added, ...fragment].join('#');
}

function texts(value: Json | undefined, what: string, instance: string): Record<string, string> {
  if (value === undefined || value === null) return {};
  if (!isObject(value)) throw wrong(what, 'a map', instance);
  const result: Record<string, string> = {};
  for (const [name, item] of Object.entries(value)) {
    if (item === null) continue;
    if (typeof item === 'object') throw wrong(`${what}.${name}`, 'a text', instance);
    result[name] = String(item);
  }
  return result;
}

function text(value: Json | undefined, what: string, instance: string): string {
  if (typeof value === 'string' && value !== '') return value;
  throw wrong(what, 'a text', instance);
}

function wrong(what: string, expected: string, instance: string): Fault {
  const detail = `The ${what} of the call did not evaluate to ${expected}`;
  return new Fault(standardError('expression', detail, { instance }));
}

function isObject(value: Json): value is { [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
