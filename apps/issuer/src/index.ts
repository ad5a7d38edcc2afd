export { ensureDemoTenant } from './keys/demo-tenant';
export { provisionKeys, type DemoTenant, type ProvisionedKeys } from './keys/provision-keys';
export {
  startIssuer,
  type IssuerDependencies,
  type IssuerLogger,
  type RunningIssuer,
} from './start-issuer';
export { InProcessIssuer, IssuerCore } from '@easyflow/tenant-context';
