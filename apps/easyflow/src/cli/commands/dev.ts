import type { Command } from 'commander';
import { commandVariables, readConfig } from '@easyflow/platform-config';
import { startDevServer } from '../../dev/dev-server';
import { printCredentials } from '../../local/print-credentials';
import { Progress } from '../../local/progress';
import { untilStopped } from '../../local/until-stopped';
import { failingClearly } from '../failing-clearly';
import { local, variablesOf, type LocalOptions } from '../local-options';

/** `easyflow dev`: the one-process server. */
export function register(program: Command): void {
  const command = program
    .command('dev')
    .description('run everything in one process, with a Postgres of its own');
  local(command, '.easyflow/data').action(async (options: LocalOptions) => {
    await failingClearly(async () => {
      const config = readConfig('embedded', {
        EASYFLOW_LOG_LEVEL: 'warn',
        ...commandVariables(),
        ...variablesOf(options),
      });
      const progress = new Progress();
      await untilStopped(progress, async () => {
        const server = await startDevServer(config, progress);
        progress.say(`ready at ${server.url} (status page and API)`);
        if (config.egress.allowLoopback) {
          progress.say(
            'flows may call services on this machine (EASYFLOW_EGRESS_ALLOW_LOOPBACK=false forbids it)',
          );
        }
        printCredentials(
          { ...server.demo, adminKey: server.adminKey },
          server.isNew,
          '.easyflow/dev.json',
          progress,
        );
        return server;
      });
    });
  });
}
