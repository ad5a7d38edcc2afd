import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { UnexpectedError } from '@easyflow/kernel-errors';

/** The numbered migrations, forward only, in order. A file that was released is never changed. */
export const MIGRATION_FILES = [
  '0001-tables.sql',
  '0002-context.sql',
  '0003-policies-and-grants.sql',
  '0004-claims.sql',
  '0005-issuance.sql',
  '0006-usage-and-keys.sql',
  '0007-outbox-rows-of-flushes.sql',
  '0008-slots.sql',
  '0009-values-and-placements.sql',
  '0010-validate-values.sql',
  '0010-new-slots.sql',
  '0011-used-assertions.sql',
  '0012-no-table-locks.sql',
  '0013-attempts.sql',
  '0015-execution-values.sql',
  '0020-limits-of-starts.sql',
  '0017-execution-lists.sql',
] as const;

/** The text of a migration; the build copies the SQL files beside this one. */
export function migrationText(file: string): string {
  return readFileSync(path.join(__dirname, file), 'utf8');
}

/** TypeORM orders migrations by the 13 digits that end their names, and records the names. */
function migrationClass(file: string): new () => MigrationInterface {
  const [number, ...words] = path.basename(file, '.sql').split('-');
  return class implements MigrationInterface {
    readonly name = `${words.join('_')}_${String(number).padStart(13, '0')}`;

    async up(runner: QueryRunner): Promise<void> {
      await runner.query(migrationText(file));
    }

    down(): Promise<void> {
      throw new UnexpectedError('database.forward_only', 'Migrations go forward only');
    }
  };
}

export const MIGRATIONS = MIGRATION_FILES.map(migrationClass);
