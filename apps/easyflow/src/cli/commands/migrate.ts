import type { Command } from 'commander';
import { readConfig } from '@easyflow/platform-config';
import { migrate } from '@easyflow/platform-database';
import { failingClearly } from '../failing-clearly';

/** `easyflow migrate`: brings the database of a cluster to the newest schema; run before each upgrade. */
export function register(program: Command): void {
  program
    .command('migrate')
    .description('bring the database to the newest schema (settings from the environment)')
    .action(async () => {
      await failingClearly(async () => {
        const { databaseUrl, profile, rolePasswords, processes } = readConfig('migrations');
        await migrate({
          url: databaseUrl,
          profile,
          rolePasswords,
          ...(processes ? { processes } : {}),
          log: (line) => process.stderr.write(`${line}\n`),
        });
      });
    });
}
