import { z } from 'zod';
import { createTenantRequestSchema, createdTenantSchema, tenantSchema } from './admin';
import { loginRequestSchema, loginResponseSchema } from './auth';
import {
  acceptedExecutionSchema,
  endedExecutionSchema,
  executionSchema,
  executionSummarySchema,
  flowErrorSchema,
  historyItemSchema,
  startExecutionAliasSchema,
  startExecutionSchema,
} from './executions';
import { flowVersionSchema } from './flows';
import { problemKinds, problemMediaType, problemSchema, type ProblemCode } from './problem';
import type { Route, RouteAccess, RouteAnswer } from './route';
import { routes } from './routes';
import { usageItemSchema } from './usage';

type JsonObject = Record<string, unknown>;

const components: Readonly<Record<string, z.ZodType>> = {
  AcceptedExecution: acceptedExecutionSchema,
  CreateTenant: createTenantRequestSchema,
  CreatedTenant: createdTenantSchema,
  EndedExecution: endedExecutionSchema,
  Execution: executionSchema,
  ExecutionSummary: executionSummarySchema,
  FlowError: flowErrorSchema,
  FlowVersion: flowVersionSchema,
  HistoryItem: historyItemSchema,
  Login: loginRequestSchema,
  LoggedIn: loginResponseSchema,
  Problem: problemSchema,
  StartExecution: startExecutionSchema,
  StartNamedExecution: startExecutionAliasSchema,
  Tenant: tenantSchema,
  UsageItem: usageItemSchema,
};

const componentPath = (name: string) => `#/components/schemas/${name}`;

const componentNames = new Map<unknown, string>(
  Object.entries(components).map(([name, schema]) => [schema, name]),
);

const registry = z.registry<{ id: string }>();
for (const [id, schema] of Object.entries(components)) registry.add(schema, { id });

/** Codes that any route of an access may answer, beside its own. */
const commonProblems: Readonly<Record<RouteAccess, readonly ProblemCode[]>> = {
  none: ['internal'],
  tenant: [
    'auth.required',
    'auth.invalid_credentials',
    'auth.wrong_kind',
    'tenant.suspended',
    'rate.exceeded',
    'internal',
    'database.unavailable',
    'issuer.unavailable',
    'service.stopping',
  ],
  admin: [
    'auth.required',
    'auth.invalid_credentials',
    'auth.wrong_kind',
    'internal',
    'issuer.unavailable',
  ],
};

function without(schema: object, names: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(schema).filter(([name]) => !names.includes(name)));
}

function jsonSchemaOf(schema: z.ZodType, io: 'input' | 'output'): JsonObject {
  const name = componentNames.get(schema);
  if (name !== undefined) return { $ref: componentPath(name) };
  const made = z.toJSONSchema(schema, {
    io,
    override: ({ zodSchema, jsonSchema }) => {
      const id = componentNames.get(zodSchema);
      if (id === undefined) return;
      for (const key of Object.keys(jsonSchema)) Reflect.deleteProperty(jsonSchema, key);
      jsonSchema.$ref = componentPath(id);
    },
  });
  return without(made, ['$schema']);
}

function componentSchemas(): JsonObject {
  const { schemas } = z.toJSONSchema(registry, { uri: componentPath, io: 'input' });
  return Object.fromEntries(
    Object.entries(schemas).map(([id, schema]) => [id, without(schema, ['$schema', '$id', 'id'])]),
  );
}

/** `input` shapes for answers too: they allow members that later versions add. */
function content(schemas: Readonly<Record<string, z.ZodType>>): JsonObject {
  return Object.fromEntries(
    Object.entries(schemas).map(([media, schema]) => [
      media,
      media === 'text/html' ? {} : { schema: jsonSchemaOf(schema, 'input') },
    ]),
  );
}

function parameters(route: Route): JsonObject[] {
  const path = [...route.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
  const query = Object.entries(route.query?.shape ?? {}).map(([name, schema]) => {
    const { description, ...rest } = jsonSchemaOf(schema as z.ZodType, 'output');
    return {
      name,
      in: 'query',
      required: false,
      ...(description === undefined ? {} : { description }),
      schema: rest,
    };
  });
  const headers = Object.entries(route.headers ?? {}).map(([name, description]) => ({
    name,
    in: 'header',
    required: false,
    description,
    schema: { type: 'string' },
  }));
  return [...path, ...query, ...headers];
}

function answer({ description, content: schemas, headers }: RouteAnswer): JsonObject {
  return {
    description,
    ...(headers
      ? {
          headers: Object.fromEntries(
            Object.entries(headers).map(([name, text]) => [
              name,
              { description: text, schema: { type: 'string' } },
            ]),
          ),
        }
      : {}),
    ...(schemas ? { content: content(schemas) } : {}),
  };
}

/** Codes that follow from what a route reads. */
function readingProblems({ method, path, query, body }: Route): ProblemCode[] {
  const codes: ProblemCode[] = [];
  if (path.includes('{')) codes.push('request.malformed');
  if (query?.shape.cursor) codes.push('request.invalid_cursor');
  if (body) codes.push('body.malformed', 'body.unsupported_media_type');
  // Bodies that no route asked for are read off the connection all the same.
  if (method === 'POST') codes.push('body.too_large');
  return codes;
}

function problemAnswers(route: Route): JsonObject {
  const byStatus = new Map<number, ProblemCode[]>();
  const codes = [
    ...(route.problems ?? []),
    ...readingProblems(route),
    ...commonProblems[route.access],
  ];
  for (const code of codes) {
    const { status } = problemKinds[code];
    byStatus.set(status, [...new Set([...(byStatus.get(status) ?? []), code])]);
  }
  return Object.fromEntries(
    [...byStatus]
      .filter(([status]) => !(status in route.answers))
      .map(([status, codes]) => [
        status,
        {
          description: codes.map((code) => `\`${code}\``).join(', '),
          content: { [problemMediaType]: { schema: { $ref: componentPath('Problem') } } },
        },
      ]),
  );
}

function operation(route: Route): JsonObject {
  const list = parameters(route);
  return {
    operationId: route.operationId,
    summary: route.summary,
    ...(route.access === 'none' ? { security: [] } : {}),
    ...(list.length > 0 ? { parameters: list } : {}),
    ...(route.body
      ? {
          requestBody: {
            required: route.body.required,
            content: content(route.body.content),
          },
        }
      : {}),
    responses: {
      ...Object.fromEntries(
        Object.entries(route.answers).map(([status, value]) => [status, answer(value)]),
      ),
      ...problemAnswers(route),
    },
  };
}

/** The OpenAPI 3.1 document of the public contract, made from the same schemas that check requests. */
export function openApiDocument(): JsonObject {
  const paths: Record<string, JsonObject> = {};
  for (const route of Object.values<Route>(routes)) {
    (paths[route.path] ??= {})[route.method.toLowerCase()] = operation(route);
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'EasyFlow',
      version: '1',
      description: 'Flows of the CNCF Open Workflow DSL, for many tenants.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    security: [{ bearer: [] }],
    paths,
    components: {
      schemas: componentSchemas(),
      securitySchemes: {
        bearer: {
          type: 'http',
          scheme: 'bearer',
          description:
            'A JWT of /v1/auth/login or an API key; under /v1/admin the admin key of the installation',
        },
      },
    },
  };
}
