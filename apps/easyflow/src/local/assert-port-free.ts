import { becomesFree, LocalServerError } from '@easyflow/platform-local-servers';

/** @throws LocalServerError with the fix when another program listens on the API's port */
export async function assertPortFree(port: number): Promise<void> {
  if (port === 0 || (await becomesFree(port))) return;
  throw new LocalServerError(
    `Port ${port} of this machine is taken.`,
    `stop the program that has it (ss -ltnp 'sport = :${port}' names it), or choose another: --port ${port + 1} or EASYFLOW_HTTP_PORT.`,
  );
}
