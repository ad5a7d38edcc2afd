import { allowedMethods } from './method-not-allowed';

describe('allowedMethods', () => {
  it.each([
    ['/v1/usage', ['GET', 'HEAD']],
    ['/v1/flows', ['POST', 'GET', 'HEAD']],
    ['/workflows/execute', ['POST']],
    ['/v1/flows/a/b/versions/1.0.0/activate', ['POST']],
    ['/.well-known/jwks.json', ['GET', 'HEAD']],
  ])('knows %s', (path, methods) => expect(allowedMethods(path)).toEqual(methods));

  it.each(['/v1/nothing', '/xwell-known/jwks.json', '/v1/flows/a', '/v1/executions/1/2/3'])(
    'does not know %s',
    (path) => expect(allowedMethods(path)).toBeUndefined(),
  );
});
