import type { Environment } from './read-variables';

const INHERITED =
  /^(EASYFLOW_|OTEL_|LANG$|LC_|TZ$|PATH$|HOME$|USER$|TMPDIR$|NODE_|JAVA_HOME$|XDG_)/;

/**
 * The variables of this process that a local server started by the command line takes over or hands on to the
 * services it starts: ours, OpenTelemetry's and what programs need to run. Nothing else of a person's shell.
 */
export function commandVariables(environment: Environment = process.env): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).flatMap(([name, value]) =>
      INHERITED.test(name) && value !== undefined && value !== '' ? [[name, value]] : [],
    ),
  );
}
