import { CLIENT_VARIABLES } from './client-variables';
import { PROGRAMS, type Program, type Variable } from './variable';
import { variables } from './variables';

const INTRODUCTION = `# Configuration

Every program reads its settings from the environment once, when it starts, and refuses to start with a list of
everything that is wrong. An empty variable counts as not set. A secret (🔒) may be given as the path of a file instead,
by its name with \`_FILE\` behind. This file is written from \`libs/platform/config\` by
\`node tools/configuration-document.mjs\`; a test keeps the two equal.

Traces and metrics are exported when \`OTEL_EXPORTER_OTLP_ENDPOINT\` is set, by OTLP over HTTP; the
[variables of OpenTelemetry](https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/) apply.
`;

/** The text of docs/configuration.md. */
export function configurationDocument(): string {
  const rows = Object.entries<Variable>(variables).map(([name, variable]) => row(name, variable));
  const client = Object.entries(CLIENT_VARIABLES).map(([name, about]) => `- \`${name}\`: ${about}`);
  return [
    INTRODUCTION,
    '## Services',
    '',
    '`embedded` is the one-process server of `npm start`; it listens on 127.0.0.1 and allows calls to loopback unless told otherwise. `local-services` is `npm run start:services`: it hands its own variables on to the services it starts, and starts itself the servers whose address it is not given.',
    '',
    ...rows,
    '',
    '## Command line',
    '',
    ...client,
    '',
  ].join('\n');
}

/** A list, because a table this wide is unreadable as text. */
function row(name: string, variable: Variable): string {
  const lock = variable.secret ? ' 🔒' : '';
  const { about, fix, usedBy } = variable;
  return `- \`${name}\`${lock} (${defaultOf(variable)}; ${readers(usedBy)}): ${about} To set it, ${fix}.`;
}

function defaultOf(variable: Variable): string {
  if (variable.default !== undefined) return `default \`${variable.default}\``;
  return variable.schema.safeParse(undefined).success ? 'optional' : '**required**';
}

function readers(usedBy: readonly Program[]): string {
  const services = PROGRAMS.slice(0, 6);
  const all = services.every((service) => usedBy.includes(service));
  const rest = usedBy.filter((program) => !all || !services.includes(program));
  return [...(all ? ['all services'] : []), ...rest].join(', ');
}
