import { systemClock } from '@easyflow/kernel-time';
import { OperationalError, UserError } from '@easyflow/kernel-errors';
import type { Role } from '@easyflow/platform-database';
import type { AuthenticatedCaller, IssuerPort } from '../issuer/issuer-port';
import { CredentialCache } from './credential-cache';

/** Stands for the issuer, which a unit test cannot run. */
function issuer(ttlMs: number): { port: IssuerPort; asked: string[]; fail(error?: Error): void } {
  const asked: string[] = [];
  let failure: Error | undefined;
  const authenticate = async (
    credential: string,
    roles: readonly Role[],
  ): Promise<AuthenticatedCaller> => {
    asked.push(credential);
    await new Promise(setImmediate);
    if (failure) throw failure;
    return {
      caller: { tenantId: credential, subject: 's', kind: 'apiKey', scopes: [], limits: {} },
      tokens: roles.map((audience) => ({
        tenantId: credential,
        audience,
        placement: { kind: 'shared', schema: 'ef', epoch: 1 },
        expiresAt: Date.now() + ttlMs,
        token: `${credential} ${asked.length}`,
      })),
    };
  };
  return {
    port: { authenticate } as unknown as IssuerPort,
    asked,
    fail: (error) => {
      failure = error;
    },
  };
}

describe('CredentialCache', () => {
  it('asks once for a credential, also when many requests come at once', async () => {
    const { port, asked } = issuer(60_000);
    const cache = new CredentialCache(port, ['ef_api', 'ef_writer'], systemClock);
    const answers = await Promise.all(Array.from({ length: 50 }, () => cache.resolve('a')));
    await cache.resolve('a');
    expect(asked).toEqual(['a']);
    expect(new Set(answers.map((answer) => answer.tokens.get('ef_writer')?.token)).size).toBe(1);
    await expect(cache.resolve('b')).resolves.toMatchObject({ caller: { tenantId: 'b' } });
  });

  it('asks again shortly before the tokens expire', async () => {
    const { port, asked } = issuer(5_000);
    const cache = new CredentialCache(port, ['ef_api'], systemClock);
    await cache.resolve('a');
    await cache.resolve('a');
    expect(asked).toEqual(['a', 'a']);
  });

  it('keeps no refusal, and lives on what it has while the issuer is down', async () => {
    const { port, fail } = issuer(5_000);
    const cache = new CredentialCache(port, ['ef_api'], systemClock);
    fail(new UserError('auth.invalid_credentials', 'no', { status: 401 }));
    await expect(cache.resolve('a')).rejects.toMatchObject({ status: 401 });
    fail(undefined);
    await cache.resolve('a');
    fail(new OperationalError('issuer.unavailable', 'down'));
    await expect(cache.resolve('a')).resolves.toMatchObject({ caller: { tenantId: 'a' } });
    await expect(cache.resolve('b')).rejects.toMatchObject({ code: 'issuer.unavailable' });
    fail(new UserError('auth.invalid_credentials', 'revoked', { status: 401 }));
    await expect(cache.resolve('a')).rejects.toMatchObject({ status: 401 });
    fail(new OperationalError('issuer.unavailable', 'down'));
    await expect(cache.resolve('a')).rejects.toMatchObject({ code: 'issuer.unavailable' });
  });

  it('refuses an answer without a token of each role', async () => {
    const { port } = issuer(60_000);
    const half = {
      authenticate: async (credential: string) => port.authenticate(credential, ['ef_api']),
    } as unknown as IssuerPort;
    await expect(
      new CredentialCache(half, ['ef_api', 'ef_writer'], systemClock).resolve('a'),
    ).rejects.toMatchObject({ code: 'issuer.incomplete' });
  });
});
