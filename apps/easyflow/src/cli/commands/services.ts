import type { Command } from 'commander';
import { commandVariables, readConfig } from '@easyflow/platform-config';
import { printCredentials } from '../../local/print-credentials';
import { Progress } from '../../local/progress';
import { untilStopped } from '../../local/until-stopped';
import { startLocalServices } from '../../services/local-services';
import { CommandFailure, exitCodes } from '../exit-codes';
import { failingClearly } from '../failing-clearly';
import { local, variablesOf, type LocalOptions } from '../local-options';

interface Options extends LocalOptions {
  executors: string;
  schedulers: string;
  restart: boolean;
}

/** `easyflow services`: the full shape on this machine, every service a process of its own. */
export function register(program: Command): void {
  const command = program
    .command('services')
    .description('run Kafka, Redis, Postgres and every service as processes of this machine');
  local(command, '.easyflow/services')
    .option('--executors <count>', 'how many executors', '2')
    .option('--schedulers <count>', 'how many schedulers', '1')
    .option('--no-restart', 'leave dead what dies')
    .action(async (options: Options) => {
      const executors = count(options.executors, '--executors');
      const schedulers = count(options.schedulers, '--schedulers');
      await failingClearly(async () => {
        const variables = {
          ...commandVariables(),
          ...variablesOf(options),
        };
        const config = readConfig('local-services', variables);
        const progress = new Progress();
        await untilStopped(progress, async () => {
          const running = await startLocalServices(
            { ...config, executors, schedulers, restart: options.restart },
            variables,
            progress,
          );
          progress.say(
            `ready at ${running.url} (status page and API); processes: .easyflow/services.json`,
          );
          printCredentials(
            { ...running.demo, adminKey: running.adminKey },
            running.isNew,
            '.easyflow/services.json',
            progress,
          );
          return running;
        });
      });
    });
}

function count(text: string, option: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= 64) return value;
  throw new CommandFailure(exitCodes.usage, `${option} ${text} is not a number from 1 to 64.`);
}
