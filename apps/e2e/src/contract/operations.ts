import type { Shape } from '../shape/shape';

export interface Operation {
  method: 'GET' | 'POST';
  /** With every parameter filled in. */
  path: string;
  template: string;
  /** Needs no credential. */
  open: boolean;
}

const openPaths = [
  '/',
  '/healthz',
  '/readyz',
  '/openapi.json',
  '/.well-known/jwks.json',
  '/v1/auth/login',
];

/** Every operation of the OpenAPI document, with parameters of this name filled in. */
export async function operations(
  shape: Shape,
  parameters: Readonly<Record<string, string>> = {},
): Promise<Operation[]> {
  const { body } = await shape.client().get('/openapi.json');
  return Object.entries(body.paths).flatMap(([template, methods]) =>
    Object.keys(methods)
      .filter((method) => method === 'get' || method === 'post')
      .map((method) => ({
        method: method === 'get' ? ('GET' as const) : ('POST' as const),
        path: template.replace(/\{(\w+)\}/g, (_, name: string) => parameters[name] ?? 'none'),
        template,
        open: openPaths.includes(template),
      })),
  );
}
