import { routes, type Route } from '@easyflow/contracts-http';

interface KnownPath {
  pattern: RegExp;
  methods: string[];
}

const knownPaths: readonly KnownPath[] = pathsOf(Object.values<Route>(routes));

function pathsOf(all: readonly Route[]): KnownPath[] {
  const methods = Map.groupBy(all, ({ path }) => path);
  return [...methods].map(([path, ofPath]) => ({
    pattern: new RegExp(`^${path.replace(/[.]/g, '\\.').replace(/\{\w+\}/g, '[^/]+')}$`),
    methods: ofPath.flatMap(({ method }) => (method === 'GET' ? ['GET', 'HEAD'] : [method])),
  }));
}

/** Methods that a path has; nothing when there is no such path. */
export function allowedMethods(path: string): string[] | undefined {
  const found = knownPaths.filter(({ pattern }) => pattern.test(path));
  return found.length === 0 ? undefined : found.flatMap(({ methods }) => methods);
}
