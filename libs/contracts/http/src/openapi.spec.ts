import { openApiDocument } from './openapi';
import { problemKinds } from './problem';
import type { Route } from './route';
import { routes } from './routes';

interface Operation {
  operationId: string;
  parameters?: { name: string; in: string; schema: unknown }[];
  responses: Record<string, { description: string }>;
}

const document = openApiDocument() as {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, { required?: string[] }> };
};

describe('openApiDocument', () => {
  it('has one operation for each route, each with its own id', () => {
    const operations = Object.values(document.paths).flatMap((path) => Object.values(path));
    expect(operations.map(({ operationId }) => operationId).sort()).toEqual(
      Object.values<Route>(routes)
        .map(({ operationId }) => operationId)
        .sort(),
    );
    expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length);
  });

  it('resolves every reference', () => {
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(
      ([, target]) => target,
    );
    expect(references.length).toBeGreaterThan(20);
    for (const target of new Set(references)) {
      const name = /^#\/components\/schemas\/(\w+)$/.exec(target ?? '')?.[1];
      expect(document.components.schemas).toHaveProperty(name ?? `unresolved ${target}`);
    }
  });

  it('lets answers grow: no schema forbids members it does not know', () => {
    expect(JSON.stringify(document)).not.toContain('"additionalProperties":false');
  });

  it('names path, query and header parameters', () => {
    const start = document.paths['/v1/flows/{namespace}/{name}/executions']?.post;
    expect(start?.parameters?.map((parameter) => `${parameter.in} ${parameter.name}`)).toEqual([
      'path namespace',
      'path name',
      'header Prefer',
      'header Idempotency-Key',
    ]);
    const list = document.paths['/v1/executions']?.get;
    expect(list?.parameters?.map(({ name }) => name)).toEqual([
      'limit',
      'cursor',
      'flow',
      'status',
    ]);
  });

  it('tells every tenant route’s 401, 403, 429 and 503', () => {
    for (const route of Object.values<Route>(routes).filter(({ access }) => access === 'tenant')) {
      const operation = document.paths[route.path]?.[route.method.toLowerCase()];
      expect(Object.keys(operation?.responses ?? {})).toEqual(
        expect.arrayContaining(['401', '403', '429', '503']),
      );
    }
  });

  it.each([
    ['a cursor', ({ query }: Route) => Boolean(query?.shape.cursor), 400, 'request.invalid_cursor'],
    ['a body', ({ body }: Route) => body !== undefined, 400, 'body.malformed'],
    ['POST', ({ method }: Route) => method === 'POST', 413, 'body.too_large'],
    ['a path with parameters', ({ path }: Route) => path.includes('{'), 400, 'request.malformed'],
    ['a tenant', ({ access }: Route) => access === 'tenant', 403, 'tenant.suspended'],
  ])('tells what a bad one is answered, of every route with %s', (_, has, status, code) => {
    const told = Object.values<Route>(routes).filter(has);
    expect(told.length).toBeGreaterThan(3);
    for (const { path, method } of told) {
      const answer = document.paths[path]?.[method.toLowerCase()]?.responses[status];
      expect(`${method} ${path}: ${answer?.description}`).toContain(`\`${code}\``);
    }
  });
});

describe('problemKinds', () => {
  it('are errors with a title and a remedy', () => {
    for (const [code, kind] of Object.entries(problemKinds)) {
      expect(code).toMatch(/^[a-z_]+(\.[a-z_]+)?$/);
      expect(kind.status).toBeGreaterThanOrEqual(400);
      expect(kind.title).not.toBe('');
      expect(kind.remedy).toMatch(/\.$/);
    }
  });
});
