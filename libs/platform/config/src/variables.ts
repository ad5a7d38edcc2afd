import { databaseVariables } from './database-variables';
import {
  brokers,
  dailyWindow,
  flag,
  integer,
  networks,
  optionalText,
  optionalUrl,
  port,
  postgresUrl,
  price,
  redisUrl,
  serviceUrls,
  slot,
  text,
  timeZone,
  url,
} from './formats';
import { variable, type Program } from './variable';
import { z } from 'zod';

const services = [
  'gateway',
  'flow-registry',
  'scheduler',
  'executor',
  'analytics',
  'issuer',
] as const satisfies readonly Program[];
const onKafka = services.filter((service) => service !== 'issuer');
const listening = [...services, 'embedded'] as const;

/** Every variable that a service or the one-process server reads. */
export const variables = {
  EASYFLOW_LOG_LEVEL: variable({
    schema: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']),
    default: 'info',
    about: 'The least severe log line that is written.',
    fix: 'write trace, debug, info, warn, error, fatal or silent',
    usedBy: [...listening, 'migrations'],
  }),
  EASYFLOW_HTTP_HOST: variable({
    schema: text,
    default: '0.0.0.0',
    about: 'Address on which the service listens (127.0.0.1 in the one-process shape).',
    fix: 'write an address of this machine, such as 0.0.0.0 or 127.0.0.1',
    usedBy: [...listening, 'local-services'],
  }),
  EASYFLOW_HTTP_PORT: variable({
    schema: port,
    default: '8080',
    about:
      'Port of the API, or of the health endpoints of a service without one; 0 chooses a free one.',
    fix: 'write a number from 0 to 65535',
    usedBy: [...listening, 'local-services'],
  }),
  EASYFLOW_HTTP_TRUSTED_PROXIES: variable({
    schema: networks,
    default: '',
    about:
      'Proxies whose X-Forwarded-For is believed, for limits by the address of a client: addresses and networks with commas between.',
    fix: 'write addresses or networks such as 10.0.0.0/8,127.0.0.1, or leave it out',
    usedBy: ['gateway', 'embedded'],
  }),
  EASYFLOW_STATUS_URLS: variable({
    schema: serviceUrls,
    default: '',
    about:
      'Health endpoints of the other services, for the status page: service=URL with commas between.',
    fix: 'write such as executor=http://executor:8080,scheduler=http://scheduler:8080, or leave it out',
    usedBy: ['gateway'],
  }),
  EASYFLOW_HTTP_BODY_LIMIT_BYTES: variable({
    schema: integer(1_024, 104_857_600),
    default: '1048576',
    about: 'Largest request body; a larger one is answered 413.',
    fix: 'write a number of bytes from 1024 to 104857600',
    usedBy: ['gateway', 'embedded'],
  }),
  EASYFLOW_HTTP_REQUEST_TIMEOUT_MS: variable({
    schema: integer(1_000, 600_000),
    default: '30000',
    about:
      'Milliseconds within which a request must have arrived, headers (at most 10 s) and body; else 408.',
    fix: 'write a number of milliseconds from 1000 to 600000',
    usedBy: ['gateway', 'embedded'],
  }),
  EASYFLOW_HTTP_MAX_CONNECTIONS: variable({
    schema: integer(10, 1_000_000),
    default: '10000',
    about: 'Connections of clients in all; more are closed.',
    fix: 'write a number from 10 to 1000000',
    usedBy: ['gateway', 'embedded'],
  }),
  EASYFLOW_HTTP_MAX_CONNECTIONS_PER_ADDRESS: variable({
    schema: integer(1, 1_000_000),
    default: '1000',
    about:
      'Connections of one address (of IPv6: one /64 network); more are closed. Trusted proxies have no such limit.',
    fix: 'write a number from 1 to 1000000',
    usedBy: ['gateway', 'embedded'],
  }),
  EASYFLOW_PUBLIC_URL: variable({
    schema: optionalUrl,
    about: 'Where clients reach the API, for the links in its answers.',
    fix: 'write an http:// or https:// address, or leave it out',
    usedBy: ['gateway', 'embedded'],
  }),
  EASYFLOW_DATA_DIR: variable({
    schema: text,
    default: '.easyflow/data',
    about:
      'Data folder of a local installation; deleting it deletes all state (.easyflow/services in the full shape).',
    fix: 'write the path of a folder that can be written to',
    usedBy: ['embedded', 'local-services'],
  }),
  EASYFLOW_POSTGRES_URL: variable({
    schema: postgresUrl.optional(),
    secret: true,
    about:
      'An existing Postgres for the full shape on one machine, as its superuser; without it one is started.',
    fix: 'write postgres://user:password@host:port/database, or leave it out',
    usedBy: ['local-services'],
  }),
  ...databaseVariables,
  EASYFLOW_KAFKA_BROKERS: variable({
    schema: brokers,
    about: 'Some brokers of the Kafka cluster.',
    fix: 'write host:port, several with commas between',
    usedBy: [...onKafka, 'local-services'],
  }),
  EASYFLOW_KAFKA_TLS: variable({
    schema: flag,
    default: 'false',
    about: 'Whether the brokers are reached over TLS.',
    fix: 'write true or false',
    usedBy: onKafka,
  }),
  EASYFLOW_REDIS_URL: variable({
    schema: redisUrl.optional(),
    secret: true,
    about:
      'Redis for the rate limits over all gateways, and for what flows and schedules start by themselves; without it each process limits by itself.',
    fix: 'write redis://[user:password@]host:port, rediss:// for TLS, or leave it out',
    usedBy: ['gateway', 'scheduler', 'executor', 'local-services'],
  }),
  EASYFLOW_ISSUER_URL: variable({
    schema: url,
    about: 'Where the issuer is reached.',
    fix: 'write an http:// or https:// address',
    usedBy: onKafka,
  }),
  EASYFLOW_IDENTITY_KEY_FILE: variable({
    schema: text,
    about:
      "The service's own Ed25519 private key (PKCS #8, PEM): authenticates it to the issuer and signs its messages.",
    fix: 'write the path of the PEM file',
    usedBy: services,
  }),
  EASYFLOW_SLOT: variable({
    schema: slot.optional(),
    about:
      'Names this replica as an owner of leases and as a receiver of replies; the process that replaces it takes the same. Default: the lowest free number, which the issuer gives to the pod that EASYFLOW_POD_NAME names; 0 without a pod.',
    fix: 'write 1 to 64 letters, digits or hyphens, different for every replica of a service, or leave it out for all of them',
    usedBy: onKafka,
  }),
  EASYFLOW_POD_NAME: variable({
    schema: optionalText,
    about: 'Name of the pod, set by the chart.',
    fix: 'leave it to the chart',
    usedBy: services,
  }),
  EASYFLOW_SHUTDOWN_DRAIN_SECONDS: variable({
    schema: integer(0, 3_600),
    default: '10',
    about: 'How long a stopping service finishes what it has begun.',
    fix: 'write a number of seconds from 0 to 3600',
    usedBy: listening,
  }),
  EASYFLOW_ISSUER_JWT_KEY_FILE: variable({
    schema: text,
    about: 'The private key (ES256, PKCS #8, PEM) that signs access tokens.',
    fix: 'write the path of the PEM file',
    usedBy: ['issuer'],
  }),
  EASYFLOW_ISSUER_WORKLOADS_FILE: variable({
    schema: text,
    about: 'JSON list of the services and their public keys: [{"keyId", "service", "publicKey"}].',
    fix: 'write the path of the JSON file',
    usedBy: ['issuer'],
  }),
  EASYFLOW_ISSUER_ADMIN_KEY: variable({
    schema: z.string().min(16),
    secret: true,
    about: 'The key that opens /v1/admin.',
    fix: 'write at least 16 characters that nobody can guess',
    usedBy: ['issuer'],
  }),
  EASYFLOW_ISSUER_ACCESS_TOKEN_SECONDS: variable({
    schema: integer(60, 86_400),
    default: '3600',
    about: 'How long an access token lives.',
    fix: 'write a number of seconds from 60 to 86400',
    usedBy: ['issuer', 'embedded'],
  }),
  EASYFLOW_ISSUER_TOKEN_KEY_HOURS: variable({
    schema: integer(1, 8_760),
    default: '24',
    about:
      'After how many hours the key that signs database tokens is replaced; the old one is believed for two more minutes.',
    fix: 'write a number of hours from 1 to 8760',
    usedBy: ['issuer', 'embedded'],
  }),
  EASYFLOW_LIMIT_REQUESTS_PER_SECOND: variable({
    schema: integer(1, 1_000_000),
    default: '600',
    about: 'Requests a second of a tenant that was created without a limit of its own.',
    fix: 'write a number from 1 to 1000000',
    usedBy: ['issuer', 'embedded'],
  }),
  EASYFLOW_LIMIT_CONCURRENT_EXECUTIONS: variable({
    schema: integer(1, 10_000_000).optional(),
    about:
      'Executions at a time of a tenant that was created without a limit of its own; none by default. Kept with the tenant; nothing enforces it yet.',
    fix: 'write a number from 1 to 10000000, or leave it out',
    usedBy: ['issuer', 'embedded'],
  }),
  EASYFLOW_EXECUTOR_SLOTS: variable({
    schema: integer(1, 5_000),
    default: '2000',
    about:
      'Executions of one executor that take turns or are being stored at a time; one whose calls are under way holds no slot.',
    fix: 'write a number from 1 to 5000',
    usedBy: ['executor', 'embedded'],
  }),
  EASYFLOW_EXECUTOR_LEASE_MS: variable({
    schema: integer(1_000, 30_000),
    default: '15000',
    about:
      'How long an executor may be silent before others take its executions over, in milliseconds.',
    fix: 'write a number from 1000 to 30000',
    usedBy: ['executor', 'embedded'],
  }),
  EASYFLOW_EXECUTOR_POLL_MS: variable({
    schema: integer(10, 60_000),
    default: '250',
    about: 'How often an executor with free slots looks for work by itself, in milliseconds.',
    fix: 'write a number from 10 to 60000',
    usedBy: ['executor', 'embedded'],
  }),
  EASYFLOW_EXECUTOR_THREADS: variable({
    schema: integer(1, 64).optional(),
    about:
      'Threads of an executor for turns that compute long and for flows of more than 64 kB; one less than the machine has processors by default, and at least one.',
    fix: 'write a number from 1 to 64, or leave it out',
    usedBy: ['executor', 'embedded'],
  }),
  EASYFLOW_EXECUTOR_CALLS_PER_TENANT: variable({
    schema: integer(1, 2_048),
    default: '256',
    about:
      "HTTP calls of one tenant that one executor has under way at a time, 128 of them to one origin; more wait their turn behind that tenant's only.",
    fix: 'write a number from 1 to 2048',
    usedBy: ['executor', 'embedded'],
  }),
  EASYFLOW_EXECUTOR_CALL_TIMEOUT_SECONDS: variable({
    schema: integer(1, 86_400),
    default: '60',
    about:
      'How long an HTTP call may take from when it is sent to the end of the answer, where neither the task nor its flow has a timeout; those rule alone, also when they are longer.',
    fix: 'write a number of seconds from 1 to 86400',
    usedBy: ['executor', 'embedded'],
  }),
  EASYFLOW_EGRESS_ALLOW_LOOPBACK: variable({
    schema: flag,
    default: 'false',
    about:
      'Whether flows may call addresses of the machine they run on (development; true in the one-process shape).',
    fix: 'write true or false',
    usedBy: ['executor', 'embedded'],
  }),
  EASYFLOW_EGRESS_ALLOW_PRIVATE: variable({
    schema: flag,
    default: 'false',
    about: 'Whether flows may call private and link-local addresses.',
    fix: 'write true or false',
    usedBy: ['executor', 'embedded'],
  }),
  EASYFLOW_ECO_WINDOW: variable({
    schema: dailyWindow,
    default: '22:00-06:00',
    about: 'The daily window in which executions of mode eco may start.',
    fix: 'write HH:MM-HH:MM, or always',
    usedBy: ['gateway', 'scheduler', 'executor', 'embedded'],
  }),
  EASYFLOW_ECO_TIMEZONE: variable({
    schema: timeZone,
    default: 'UTC',
    about: 'The time zone of the eco window.',
    fix: 'write a name of the IANA time zone database, such as Europe/Berlin',
    usedBy: ['gateway', 'scheduler', 'executor', 'embedded'],
  }),
  EASYFLOW_PRICE_REALTIME: variable({
    schema: price,
    default: '0.004',
    about: 'US dollars an execution of mode realtime.',
    fix: 'write a decimal number such as 0.004',
    usedBy: ['analytics', 'embedded'],
  }),
  EASYFLOW_PRICE_BALANCED: variable({
    schema: price,
    default: '0.0035',
    about: 'US dollars an execution of mode balanced.',
    fix: 'write a decimal number such as 0.0035',
    usedBy: ['analytics', 'embedded'],
  }),
  EASYFLOW_PRICE_ECO: variable({
    schema: price,
    default: '0.003',
    about: 'US dollars an execution of mode eco.',
    fix: 'write a decimal number such as 0.003',
    usedBy: ['analytics', 'embedded'],
  }),
} as const;

export type VariableName = keyof typeof variables;
