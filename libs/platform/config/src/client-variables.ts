import type { Environment } from './read-variables';

/** What the command line reads; it validates each where it uses it, because flags and files come first. */
export const CLIENT_VARIABLES = {
  EASYFLOW_URL: 'Where the API is reached.',
  EASYFLOW_API_KEY: 'API key or access token.',
  EASYFLOW_ADMIN_KEY: 'The admin key, for `easyflow admin`.',
  XDG_CONFIG_HOME: 'Folder of the user configuration, default `~/.config`.',
  NO_COLOR: 'When set, output has no colours.',
} as const;

/** The variables of the command line, and no others; an empty one counts as not set. */
export function readClientVariables(environment: Environment = process.env): Environment {
  return Object.fromEntries(
    Object.keys(CLIENT_VARIABLES).map((name) => [name, environment[name] || undefined]),
  );
}
