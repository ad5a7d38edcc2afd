import type { Command } from 'commander';
import { CommandFailure, exitCodes } from '../exit-codes';
import { printItem, printList } from '../output';
import { remote, withServer, type RemoteOptions } from '../remote-command';

interface TenantItem {
  id: string;
  name: string;
  placement: string;
  status: string;
  createdAt: string;
}

/** `easyflow admin tenants create|ls`; needs the admin key. */
export function register(program: Command): void {
  const tenants = program
    .command('admin')
    .description('operator commands; need the admin key')
    .command('tenants')
    .description('tenants');
  const adminKey = ['--admin-key <key>', 'the admin key (default: EASYFLOW_ADMIN_KEY)'] as const;

  remote(
    tenants
      .command('ls')
      .description('list tenants')
      .option(...adminKey),
  ).action(async (options: RemoteOptions) => {
    await withServer(options, async (client) => {
      const items = await Array.fromAsync(
        client.list<TenantItem>('/v1/admin/tenants', { as: 'admin' }),
      );
      printList(items, options.output, {
        ID: (item) => item.id,
        NAME: (item) => item.name,
        PLACEMENT: (item) => item.placement,
        STATUS: (item) => item.status,
        CREATED: (item) => item.createdAt,
      });
    });
  });
  remote(
    tenants
      .command('create')
      .description('create a tenant; prints its API key and login, once')
      .option('--name <name>')
      .option('--requests-per-second <count>')
      .option('--concurrent-executions <count>')
      .option(...adminKey),
    'json',
  ).action(
    async (
      options: RemoteOptions & {
        name?: string;
        requestsPerSecond?: string;
        concurrentExecutions?: string;
      },
    ) => {
      const limits = {
        ...limit('requestsPerSecond', options.requestsPerSecond),
        ...limit('concurrentExecutions', options.concurrentExecutions),
      };
      await withServer(options, async (client) => {
        const { body } = await client.request<unknown>('/v1/admin/tenants', {
          method: 'POST',
          as: 'admin',
          body: {
            ...(options.name === undefined ? {} : { name: options.name }),
            ...(Object.keys(limits).length === 0 ? {} : { limits }),
          },
        });
        printItem(body, options.output);
      });
    },
  );
}

function limit(name: string, text: string | undefined): Record<string, number> {
  if (text === undefined) return {};
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) {
    throw new CommandFailure(exitCodes.usage, `${text} is not a positive number.`);
  }
  return { [name]: value };
}
