import type { DemoTenant } from '@easyflow/issuer';
import type { Progress } from './progress';

/** Shows the demo tenant's credentials once, at the start that made them; later it says where they are. */
export function printCredentials(
  credentials: DemoTenant & { adminKey: string },
  isNew: boolean,
  discoveryFile: string,
  progress: Progress,
): void {
  const lines = isNew
    ? [
        '',
        '  Demo tenant (shown once; kept in the data folder)',
        `    tenant    ${credentials.tenantId}`,
        `    API key   ${credentials.apiKey}`,
        `    login     ${credentials.login.email}  ${credentials.login.password}`,
        `    admin key ${credentials.adminKey}`,
        '',
        '  Try: npx easyflow executions ls',
        '',
      ]
    : ['', `  Credentials: ${discoveryFile}`, '  Try: npx easyflow executions ls', ''];
  progress.print(`${lines.join('\n')}\n`);
}
