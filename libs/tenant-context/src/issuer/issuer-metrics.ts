import { counter } from '@easyflow/platform-telemetry';

/** `easyflow.token.kind`: access (of a login), delegation, or database. */
export const tokensMinted = counter({
  name: 'easyflow.token.minted',
  unit: '{token}',
  description: 'Tokens minted by the issuer',
  attributes: ['easyflow.token.kind'],
});

export type CredentialKind =
  'password' | 'api_key' | 'access_token' | 'delegation' | 'admin_key' | 'workload';

/** `easyflow.credential.kind`: password, api_key, access_token, delegation, admin_key or workload. */
export const credentialsRefused = counter({
  name: 'easyflow.credential.refused',
  unit: '{credential}',
  description: 'Credentials that the issuer did not find valid',
  attributes: ['easyflow.credential.kind'],
});
