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

const adminKey = ['--admin-key <key>', 'the admin key (default: EASYFLOW_ADMIN_KEY)'] as const;

/** `easyflow admin tenants create|ls|suspend|resume`, `api-keys ls|revoke`, `token-keys rotate`; needs the admin key. */
export function register(program: Command): void {
  const admin = program.command('admin').description('operator commands; need the admin key');
  const tenants = admin.command('tenants').description('tenants');
  registerStates(tenants);
  registerApiKeys(admin);
  registerTokenKeys(admin);

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

function registerStates(tenants: Command): void {
  for (const [name, description] of [
    ['suspend', 'stop a tenant: its requests are refused and nothing of it runs'],
    ['resume', 'let a suspended tenant go on'],
  ] as const) {
    remote(
      tenants
        .command(name)
        .description(description)
        .argument('<tenant>')
        .option(...adminKey),
      'json',
    ).action((tenant: string, options: RemoteOptions) => post(options, `${path(tenant)}/${name}`));
  }
}

interface ApiKeyItem {
  id: string;
  createdAt: string;
  revokedAt?: string;
}

function registerApiKeys(admin: Command): void {
  const keys = admin.command('api-keys').description('API keys of a tenant');
  remote(
    keys
      .command('ls')
      .description('list them, without what they open with')
      .argument('<tenant>')
      .option(...adminKey),
  ).action(async (tenant: string, options: RemoteOptions) => {
    await withServer(options, async (client) => {
      const { body } = await client.request<{ items: ApiKeyItem[] }>(`${path(tenant)}/api-keys`, {
        as: 'admin',
      });
      printList(body.items, options.output, {
        ID: (item) => item.id,
        CREATED: (item) => item.createdAt,
        REVOKED: (item) => item.revokedAt ?? '',
      });
    });
  });
  remote(
    keys
      .command('revoke')
      .description('end one; it is served for 60 s more at most')
      .argument('<tenant>')
      .argument('<id>', 'as "api-keys ls" shows it')
      .option(...adminKey),
    'json',
  ).action((tenant: string, id: string, options: RemoteOptions) =>
    post(options, `${path(tenant)}/api-keys/${encodeURIComponent(id)}/revoke`),
  );
}

function registerTokenKeys(admin: Command): void {
  remote(
    admin
      .command('token-keys')
      .description('keys that sign database tokens')
      .command('rotate')
      .description('sign with a new one from now on; the old one is believed for two minutes')
      .option(...adminKey),
    'json',
  ).action((options: RemoteOptions) => post(options, '/v1/admin/token-keys/rotate'));
}

function path(tenant: string): string {
  return `/v1/admin/tenants/${encodeURIComponent(tenant)}`;
}

async function post(options: RemoteOptions, to: string): Promise<void> {
  await withServer(options, async (client) => {
    const { body } = await client.request<unknown>(to, { method: 'POST', as: 'admin' });
    printItem(body, options.output);
  });
}

function limit(name: string, text: string | undefined): Record<string, number> {
  if (text === undefined) return {};
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) {
    throw new CommandFailure(exitCodes.usage, `${text} is not a positive number.`);
  }
  return { [name]: value };
}
