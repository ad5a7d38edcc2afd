import { LocalServerError } from '@easyflow/platform-local-servers';
import { prepareDatabase } from './local-database';

it('says which Postgres does not let us in, and not its password', async () => {
  const passwords = {} as Parameters<typeof prepareDatabase>[1];
  const refused: unknown = await prepareDatabase(
    'postgres://someone:hush@127.0.0.1:9/postgres',
    passwords,
    () => undefined,
  ).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(LocalServerError);
  const { message } = refused as LocalServerError;
  expect(message).toMatch(/127\.0\.0\.1:9.*ECONNREFUSED.*\n.*EASYFLOW_POSTGRES_URL/s);
  expect(message).not.toContain('hush');
});
