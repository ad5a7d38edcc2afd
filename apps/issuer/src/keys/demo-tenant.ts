import { newId } from '@easyflow/kernel-ids';
import {
  apiKeyHash,
  newApiKey,
  newPassword,
  storeTenant,
  type Issuance,
} from '@easyflow/tenant-context';
import { keepDemoTenant, type DemoTenant } from './provision-keys';

/**
 * The demo tenant: the same ids and credentials as long as the folder lives, no limits. The file comes
 * first and the row second, so that dying between them is repaired by the next start.
 */
export async function ensureDemoTenant(issuance: Issuance, folder: string): Promise<DemoTenant> {
  const demo = await keepDemoTenant(folder, () => ({
    tenantId: newId(),
    apiKey: newApiKey(),
    login: { email: 'demo@easyflow.invalid', password: newPassword() },
  }));
  const known = await issuance.resolveKey(apiKeyHash(demo.apiKey));
  if (!known) {
    await storeTenant(
      issuance,
      { id: demo.tenantId, name: 'demo', apiKey: demo.apiKey, login: demo.login },
      { limits: {}, placement: 'shared' },
    );
  }
  return demo;
}
