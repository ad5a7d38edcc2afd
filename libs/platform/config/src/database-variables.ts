import { integer, port, postgresUrl, replicaCounts, text } from './formats';
import { variable, type Program } from './variable';
import { z } from 'zod';

/** The database roles each service holds the password of; no process gets another's. */
export const ROLES_OF = {
  gateway: ['ef_api', 'ef_writer'],
  'flow-registry': ['ef_registry'],
  scheduler: ['ef_claim', 'ef_scheduler', 'ef_writer'],
  executor: ['ef_claim', 'ef_worker', 'ef_writer'],
  analytics: ['ef_claim', 'ef_analytics'],
  issuer: ['ef_issuer'],
} as const;

export const DATABASE_ROLES = [
  'ef_api',
  'ef_registry',
  'ef_worker',
  'ef_writer',
  'ef_claim',
  'ef_scheduler',
  'ef_analytics',
  'ef_issuer',
] as const;
export type DatabaseRole = (typeof DATABASE_ROLES)[number];

const services = [
  'gateway',
  'flow-registry',
  'scheduler',
  'executor',
  'analytics',
  'issuer',
] as const satisfies readonly Program[];

/** Replicas of a service that is not named. */
const REPLICAS = 2;

/** How many processes hold each role's password, with one more of each service while it is being replaced. */
export function roleProcesses(
  replicas: Readonly<Partial<Record<keyof typeof ROLES_OF, number>>>,
): Record<DatabaseRole, number> {
  const counts = DATABASE_ROLES.map((role) => {
    const holders = services.filter((service) => holds(service, role));
    return [
      role,
      holders.reduce((sum, service) => sum + (replicas[service] ?? REPLICAS) + 1, 0),
    ] as const;
  });
  return Object.fromEntries(counts) as Record<DatabaseRole, number>;
}

function holds(service: keyof typeof ROLES_OF, role: DatabaseRole): boolean {
  return ROLES_OF[service].some((each: DatabaseRole) => each === role);
}

/** `EASYFLOW_DATABASE_PASSWORD_EF_API` of `ef_api`. */
export function passwordVariable<R extends DatabaseRole>(
  role: R,
): `EASYFLOW_DATABASE_PASSWORD_${Uppercase<R>}` {
  return `EASYFLOW_DATABASE_PASSWORD_${role.toUpperCase() as Uppercase<R>}`;
}

function password(role: DatabaseRole) {
  const holders = services.filter((service) => holds(service, role));
  return variable({
    schema: z.string().min(1),
    secret: true,
    about: `Password of the database role ${role}.`,
    fix: `write the password that ${role} was given by the migrations`,
    usedBy: [...holders, 'migrations'],
  });
}

export const databaseVariables = {
  EASYFLOW_DATABASE_HOST: variable({
    schema: text,
    about: 'Host of Postgres.',
    fix: 'write a host name or an address',
    usedBy: services,
  }),
  EASYFLOW_DATABASE_PORT: variable({
    schema: port,
    default: '5432',
    about: 'Port of Postgres.',
    fix: 'write a number from 1 to 65535',
    usedBy: services,
  }),
  EASYFLOW_DATABASE_NAME: variable({
    schema: text,
    default: 'easyflow',
    about: 'Name of the database.',
    fix: 'write the name of the database',
    usedBy: services,
  }),
  EASYFLOW_DATABASE_SSL_MODE: variable({
    schema: z.enum(['disable', 'require', 'verify-full']),
    default: 'disable',
    about:
      'disable, require (encrypted) or verify-full (encrypted, and the certificate is checked).',
    fix: 'write disable, require or verify-full',
    usedBy: [...services, 'migrations'],
  }),
  EASYFLOW_DATABASE_STATEMENT_TIMEOUT_MS: variable({
    schema: integer(100, 600_000),
    default: '10000',
    about: 'Longest time of one statement, in milliseconds.',
    fix: 'write a number from 100 to 600000',
    usedBy: services,
  }),
  EASYFLOW_DATABASE_PASSWORD_EF_API: password('ef_api'),
  EASYFLOW_DATABASE_PASSWORD_EF_REGISTRY: password('ef_registry'),
  EASYFLOW_DATABASE_PASSWORD_EF_WORKER: password('ef_worker'),
  EASYFLOW_DATABASE_PASSWORD_EF_WRITER: password('ef_writer'),
  EASYFLOW_DATABASE_PASSWORD_EF_CLAIM: password('ef_claim'),
  EASYFLOW_DATABASE_PASSWORD_EF_SCHEDULER: password('ef_scheduler'),
  EASYFLOW_DATABASE_PASSWORD_EF_ANALYTICS: password('ef_analytics'),
  EASYFLOW_DATABASE_PASSWORD_EF_ISSUER: password('ef_issuer'),
  EASYFLOW_MIGRATIONS_DATABASE_URL: variable({
    schema: postgresUrl,
    secret: true,
    about:
      'The database as its administrator; only the migrations know it. A sslmode in it goes before EASYFLOW_DATABASE_SSL_MODE.',
    fix: 'write postgres://user:password@host:port/database',
    usedBy: ['migrations'],
  }),
  EASYFLOW_MIGRATIONS_PROFILE: variable({
    schema: z.enum(['baseline', 'hardened']),
    default: 'baseline',
    about:
      'Grants: baseline (any administrator) or hardened (superuser; revokes more from PUBLIC).',
    fix: 'write baseline or hardened',
    usedBy: ['migrations'],
  }),
  EASYFLOW_MIGRATIONS_REPLICAS: variable({
    schema: replicaCounts.optional(),
    about:
      "Most replicas of each service, for the connection limits of the database roles: service=number with commas between; 2 of a service that is not named. Without it each role may have its share of the server's connections.",
    fix: 'write such as gateway=6,executor=10, or leave it out',
    usedBy: ['migrations'],
  }),
} as const;
