import { isExpression, type Json } from '@easyflow/expressions';
import { pointerTo } from '../document/json-pointer';
import { reusable, type CompilerContext } from './compiler-context';
import type { AuthenticationDefinition, HttpArguments, JsonObject } from './definitions';
import type { Authentication, HttpAction } from './program';
import type { Site } from './sites';

const STAGE = 'the definition of a task';

/** Compiles `call: http`; `pointer` is that of `with`. */
export function compileHttp(
  definition: JsonObject,
  pointer: string,
  context: CompilerContext,
  locals: readonly string[],
): HttpAction {
  const call = definition as unknown as HttpArguments;
  const template = (value: Json | undefined, key: string): Site | undefined =>
    value === undefined
      ? undefined
      : context.sites.template(value, pointerTo(pointer, key), STAGE, locals);
  const endpoint = `${pointer}/endpoint`;
  const isPlain = typeof call.endpoint === 'string';
  const { uri, authentication: policy } =
    typeof call.endpoint === 'string'
      ? { uri: call.endpoint, authentication: undefined }
      : call.endpoint;
  return {
    kind: 'callHttp',
    method: context.sites.template(call.method, `${pointer}/method`, STAGE, locals),
    endpoint: compileUri(uri, isPlain ? endpoint : `${endpoint}/uri`, context, locals),
    headers: template(call.headers, 'headers'),
    query: template(call.query, 'query'),
    body: template(call.body, 'body'),
    output: call.output ?? 'content',
    redirect: call.redirect ?? false,
    authentication:
      policy && compileAuthentication(policy, `${endpoint}/authentication`, context, locals),
  };
}

function compileUri(
  uri: string,
  pointer: string,
  context: CompilerContext,
  locals: readonly string[],
): HttpAction['endpoint'] {
  if (isExpression(uri, 'strict')) {
    return { kind: 'expression', site: context.sites.expression(uri, pointer, STAGE, locals) };
  }
  if (uri.includes('${')) {
    // As a template it would lose everything from the brace on.
    const problem =
      'A URI with an expression must be one as a whole, such as ${ "https://example.com/\\(.id)" }; ' +
      'a property of the input can be written as {id}';
    context.issues.add(pointer, problem);
  }
  return { kind: 'uriTemplate', text: uri };
}

function compileAuthentication(
  written: AuthenticationDefinition,
  place: string,
  context: CompilerContext,
  locals: readonly string[],
): Authentication | undefined {
  const { use } = written;
  const definition =
    use === undefined
      ? written
      : reusable<AuthenticationDefinition>(context, 'authentications', use, `${place}/use`);
  if (!definition) return undefined;
  const pointer = use === undefined ? place : pointerTo('/use/authentications', use);
  const site = (value: string | undefined, key: string): Site =>
    context.sites.template(value ?? '', pointer + key, STAGE, locals);
  const { basic, bearer } = definition;
  const secret = basic?.use ?? bearer?.use;
  if (secret !== undefined) {
    context.sites.requireSecret(secret, `${pointer}/${basic ? 'basic' : 'bearer'}/use`);
    return { scheme: basic ? 'Basic' : 'Bearer', secret };
  }
  if (basic) {
    return {
      scheme: 'Basic',
      username: site(basic.username, '/basic/username'),
      password: site(basic.password, '/basic/password'),
    };
  }
  if (bearer) return { scheme: 'Bearer', token: site(bearer.token, '/bearer/token') };
  const scheme = (['digest', 'oauth2', 'oidc'] as const).find((name) => definition[name]);
  if (scheme) context.issues.unsupported(`${pointer}/${scheme}`, `The authentication "${scheme}"`);
  return undefined;
}
