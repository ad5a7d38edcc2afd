import 'reflect-metadata';
import { routes, type Route } from '@easyflow/contracts-http';
import { RequestMethod, type Type } from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants';
import { ACCESS } from './authentication/access';
import { gatewayControllers } from './gateway.module';

interface Served {
  route: string;
  access: string;
}

function served(controller: Type): Served[] {
  const prefix = Reflect.getMetadata(PATH_METADATA, controller) as string;
  const prototype = controller.prototype as Record<string, unknown>;
  return Object.getOwnPropertyNames(prototype).flatMap((name) => {
    const handler = prototype[name];
    if (typeof handler !== 'function') return [];
    const method = Reflect.getMetadata(METHOD_METADATA, handler) as RequestMethod | undefined;
    if (method === undefined) return [];
    const own = Reflect.getMetadata(PATH_METADATA, handler) as string;
    const path = `/${[prefix, own].join('/')}`.replace(/\/{2,}/g, '/').replace(/(?<=.)\/$/, '');
    const access: unknown =
      Reflect.getMetadata(ACCESS, handler) ?? Reflect.getMetadata(ACCESS, controller) ?? 'tenant';
    return [
      {
        route: `${RequestMethod[method]} ${path.replace(/:(\w+)/g, '{$1}')}`,
        access: String(access),
      },
    ];
  });
}

it('the controllers serve exactly the routes of the contract, to whom it says', () => {
  const byRoute = (one: Served, other: Served) => (one.route < other.route ? -1 : 1);
  const documented = Object.values<Route>(routes).map(({ method, path, access }) => ({
    route: `${method} ${path}`,
    access,
  }));
  expect(gatewayControllers.flatMap(served).sort(byRoute)).toEqual(documented.sort(byRoute));
});
