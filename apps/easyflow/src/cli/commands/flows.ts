import type { Command } from 'commander';
import { CommandFailure, exitCodes } from '../exit-codes';
import { printItem, printList } from '../output';
import { remote, withServer, type RemoteOptions } from '../remote-command';

export interface FlowItem {
  namespace: string;
  name: string;
  version: string;
  active: boolean;
  createdAt: string;
}

const columns = {
  FLOW: (item: FlowItem) => `${item.namespace}/${item.name}`,
  VERSION: (item: FlowItem) => item.version,
  ACTIVE: (item: FlowItem) => (item.active ? 'yes' : 'no'),
  CREATED: (item: FlowItem) => item.createdAt,
};

/** `easyflow flows ls|get`. */
export function register(program: Command): void {
  const flows = program.command('flows').description('published flows');
  remote(flows.command('ls').description('list the active versions')).action(
    async (options: RemoteOptions) => {
      await withServer(options, async (client) => {
        const items = await Array.fromAsync(client.list<FlowItem>('/v1/flows'));
        printList(items, options.output, columns);
      });
    },
  );
  remote(
    flows
      .command('get')
      .description('one flow: its versions, or the document of one version')
      .argument('<namespace/name>')
      .option('--version-id <version>', 'print the document of this version'),
  ).action(async (flow: string, options: RemoteOptions & { versionId?: string }) => {
    const base = `/v1/flows/${flowPath(flow)}/versions`;
    await withServer(options, async (client) => {
      if (options.versionId === undefined) {
        const items = await Array.fromAsync(client.list<FlowItem>(base));
        printList(items, options.output, columns);
        return;
      }
      const accept = options.output === 'json' || options.output === 'jsonl' ? 'json' : 'yaml';
      const { body } = await client.request<unknown>(
        `${base}/${encodeURIComponent(options.versionId)}`,
        { headers: { accept: `application/${accept}` } },
      );
      if (typeof body === 'string') process.stdout.write(body.endsWith('\n') ? body : `${body}\n`);
      else printItem(body, options.output);
    });
  });
}

/** `namespace/name` as two path segments. */
export function flowPath(flow: string): string {
  const parts = flow.split('/');
  if (parts.length !== 2 || parts.some((part) => part === '')) {
    throw new CommandFailure(exitCodes.usage, `"${flow}" is not a flow; write namespace/name.`);
  }
  return parts.map(encodeURIComponent).join('/');
}
