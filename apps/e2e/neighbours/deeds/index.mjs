import { computing } from './computing.mjs';
import { holding } from './holding.mjs';
import { stored } from './stored.mjs';
import { withoutCredentials } from './without-credentials.mjs';

/**
 * What one tenant, or somebody without an account, does beside the quiet tenant. `prepare` is done before anything is
 * measured; `perform` begins the deed and may go on until the signal; `end` undoes what would go on by itself.
 */
export const DEEDS = [...computing, ...holding, ...stored, ...withoutCredentials];
