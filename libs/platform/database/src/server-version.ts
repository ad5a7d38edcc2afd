import { UserError } from '@easyflow/kernel-errors';

/**
 * First releases with the fixes of CVE-2025-8713 (statistics leak rows past row-level security) and
 * CVE-2023-2455 (a policy is missed after inlining), by major version.
 */
const FIRST_SAFE: Readonly<Record<number, number>> = { 15: 14, 16: 10, 17: 6 };

/**
 * Refuses a server on which row-level security is known to leak.
 * @param versionNumber `server_version_num`, such as 180004
 * @throws UserError `database.version_unsupported`
 */
export function assertSafeServer(versionNumber: number): void {
  const major = Math.floor(versionNumber / 10_000);
  const minor = versionNumber % 10_000;
  if (major < 15 || minor < (FIRST_SAFE[major] ?? 0)) {
    throw new UserError(
      'database.version_unsupported',
      `PostgreSQL ${major}.${minor} is not supported: row-level security leaks in it (CVE-2025-8713); ` +
        `use 15.14, 16.10, 17.6, 18 or later`,
    );
  }
}
