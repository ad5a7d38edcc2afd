import type { Command } from 'commander';
import type { ApiClient } from '../../client/api-client';
import { CommandFailure, exitCodes } from '../exit-codes';
import { readJsonArgument } from '../json-argument';
import { printItem, printList } from '../output';
import { remote, withServer, type RemoteOptions } from '../remote-command';
import { flowPath } from './flows';

interface Execution {
  id: string;
  status: string;
  flow: { namespace: string; name: string; version: string };
  mode: string;
  createdAt: string;
  endedAt?: string;
}

const final = new Set(['completed', 'faulted', 'cancelled']);
const longestWaitSeconds = 60;

/** `easyflow executions start|ls|get|watch|cancel|resume`. */
export function register(program: Command): void {
  const executions = program.command('executions').description('executions of flows');
  registerStart(executions);
  registerList(executions);
  registerOne(executions, 'get', 'one execution with input and output', async (client, id) =>
    client.request<Execution>(path(id)),
  );
  registerOne(executions, 'cancel', 'cancel an execution', async (client, id) =>
    client.request<Execution>(`${path(id)}/cancel`, { method: 'POST' }),
  );
  registerOne(executions, 'resume', 'try again what no process could run', async (client, id) =>
    client.request<Execution>(`${path(id)}/resume`, { method: 'POST' }),
  );
  registerWatch(executions);
}

interface StartOptions extends RemoteOptions {
  input?: string;
  versionId?: string;
  mode?: string;
  wait?: string | true;
  idempotencyKey?: string;
}

function registerStart(executions: Command): void {
  remote(
    executions
      .command('start')
      .description('start an execution')
      .argument('<namespace/name>')
      .option('-i, --input <json|@file>', 'the input')
      .option('--version-id <version>', 'this version instead of the active one')
      .option('--mode <mode>', 'realtime, balanced or eco')
      .option('--wait [seconds]', `wait for the result (at most ${longestWaitSeconds} s)`)
      .option('--idempotency-key <key>', 'start at most one execution for this key'),
    'json',
  ).action(async (flow: string, options: StartOptions) => {
    const body = {
      ...(options.input === undefined ? {} : { input: await readJsonArgument(options.input) }),
      ...(options.versionId === undefined ? {} : { version: options.versionId }),
      ...(options.mode === undefined ? {} : { mode: options.mode }),
    };
    const headers: Record<string, string> = {};
    if (typeof options.wait === 'string' && !/^\d+$/.test(options.wait)) {
      throw new CommandFailure(
        exitCodes.usage,
        `--wait ${options.wait} is not a number of seconds.`,
      );
    }
    if (options.wait !== undefined) {
      headers['prefer'] = `wait=${options.wait === true ? longestWaitSeconds : options.wait}`;
    }
    if (options.idempotencyKey !== undefined) headers['idempotency-key'] = options.idempotencyKey;
    await withServer(options, async (client) => {
      const answer = await client.request<Execution>(`/v1/flows/${flowPath(flow)}/executions`, {
        method: 'POST',
        body,
        headers,
      });
      printItem(answer.body, options.output);
      if (options.wait === undefined) return;
      if (!final.has(answer.body.status)) {
        throw new CommandFailure(
          exitCodes.timeout,
          `the execution is still ${answer.body.status}.`,
        );
      }
      failUnlessCompleted(answer.body);
    });
  });
}

function registerList(executions: Command): void {
  remote(
    executions
      .command('ls')
      .description('list executions, newest first')
      .option('--flow <namespace/name>', 'only of this flow')
      .option('--status <status>', 'only in this status')
      .option('--limit <count>', 'how many', '50'),
  ).action(async (options: RemoteOptions & { flow?: string; status?: string; limit: string }) => {
    const most = Number(options.limit);
    if (!Number.isInteger(most) || most < 1) {
      throw new CommandFailure(
        exitCodes.usage,
        `--limit ${options.limit} is not a positive number.`,
      );
    }
    const query = new URLSearchParams({ limit: String(Math.min(most, 100)) });
    if (options.flow !== undefined) query.set('flow', options.flow);
    if (options.status !== undefined) query.set('status', options.status);
    await withServer(options, async (client) => {
      const items = await Array.fromAsync(
        client.list<Execution>(`/v1/executions?${query.toString()}`, {}, most),
      );
      printList(items, options.output, {
        ID: (item) => item.id,
        FLOW: ({ flow }) => `${flow.namespace}/${flow.name}@${flow.version}`,
        STATUS: (item) => item.status,
        MODE: (item) => item.mode,
        CREATED: (item) => item.createdAt,
        ENDED: (item) => item.endedAt,
      });
    });
  });
}

function registerOne(
  executions: Command,
  name: string,
  description: string,
  ask: (client: ApiClient, id: string) => Promise<{ body: Execution }>,
): void {
  remote(executions.command(name).description(description).argument('<id>'), 'json').action(
    async (id: string, options: RemoteOptions) => {
      await withServer(options, async (client) => {
        printItem((await ask(client, id)).body, options.output);
      });
    },
  );
}

function registerWatch(executions: Command): void {
  remote(
    executions.command('watch').description('follow an execution to its end').argument('<id>'),
    'table',
  ).action(async (id: string, options: RemoteOptions) => {
    await withServer(options, async (client) => {
      let seen = 0;
      for (;;) {
        // The status is asked for first: what it says has ended has its whole history already.
        const { body: execution } = await client.request<Execution>(path(id));
        for await (const item of historyAfter(client, id, seen)) {
          seen = item.sequence;
          if (options.output === 'table') {
            process.stdout.write(`${item.at}  ${item.type}${item.task ? `  ${item.task}` : ''}\n`);
          } else printItem(item, 'jsonl');
        }
        if (final.has(execution.status)) {
          if (options.output === 'table') process.stdout.write(`${execution.status}\n`);
          failUnlessCompleted(execution);
          return;
        }
        await new Promise((resolve) => setTimeout(resolve, 500));
      }
    });
  });
}

interface HistoryItem {
  sequence: number;
  type: string;
  task?: string;
  at: string;
}

/** What has happened since an item, page by page. */
async function* historyAfter(
  client: ApiClient,
  id: string,
  seen: number,
): AsyncGenerator<HistoryItem> {
  let after: number | undefined = seen;
  while (after !== undefined) {
    const answer: { body: { items: HistoryItem[]; nextAfter?: number } } = await client.request(
      `${path(id)}/history?after=${after}`,
    );
    yield* answer.body.items;
    after = answer.body.nextAfter;
  }
}

function path(id: string): string {
  return `/v1/executions/${encodeURIComponent(id)}`;
}

function failUnlessCompleted(execution: Execution): void {
  if (execution.status !== 'completed') {
    throw new CommandFailure(exitCodes.executionFailed, `the execution ended ${execution.status}.`);
  }
}
