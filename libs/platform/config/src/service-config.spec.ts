import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ConfigError } from './config-error';
import { configurationDocument } from './configuration-document';
import { readClientVariables } from './client-variables';
import { readConfig } from './service-config';
import { readTelemetryConfig } from './telemetry-config';
import { PROGRAMS, type Variable } from './variable';
import { variables } from './variables';

const executor = {
  EASYFLOW_DATABASE_HOST: 'db',
  EASYFLOW_DATABASE_PASSWORD_EF_CLAIM: 'claim-secret',
  EASYFLOW_DATABASE_PASSWORD_EF_WORKER: 'worker-secret',
  EASYFLOW_DATABASE_PASSWORD_EF_WRITER: 'writer-secret',
  EASYFLOW_KAFKA_BROKERS: 'k1:9092, k2:9092',
  EASYFLOW_ISSUER_URL: 'http://issuer',
  EASYFLOW_IDENTITY_KEY_FILE: '/keys/key.pem',
};

function problemsOf(read: () => unknown): ConfigError {
  try {
    read();
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error('the configuration was accepted');
}

describe('readConfig', () => {
  it('reads an executor with its defaults', () => {
    expect(readConfig('executor', executor)).toEqual({
      service: 'executor',
      logLevel: 'info',
      http: { host: '0.0.0.0', port: 8080 },
      database: {
        host: 'db',
        port: 5432,
        database: 'easyflow',
        sslMode: 'disable',
        ssl: false,
        passwords: {
          ef_claim: 'claim-secret',
          ef_worker: 'worker-secret',
          ef_writer: 'writer-secret',
        },
        statementTimeoutMs: 10_000,
      },
      identityKeyFile: '/keys/key.pem',
      drainMs: 10_000,
      kafka: { brokers: ['k1:9092', 'k2:9092'], tls: false },
      issuerUrl: 'http://issuer',
      slot: '0',
      executor: {
        slots: 2_000,
        leaseMs: 15_000,
        pollMs: 250,
        callsPerTenant: 256,
        nameLookups: 2,
        callTimeoutMs: 60_000,
      },
      egress: { allowLoopback: false, allowPrivate: false },
      ecoWindow: '22:00-06:00 UTC',
    });
  });

  it('takes only the passwords of the roles that the service may use', () => {
    const config = readConfig('executor', {
      ...executor,
      EASYFLOW_DATABASE_PASSWORD_EF_API: 'not-mine',
    });
    expect(JSON.stringify(config)).not.toContain('not-mine');
  });

  it('names every problem at once with its fix, and never a secret', () => {
    const error = problemsOf(() =>
      readConfig('executor', {
        ...executor,
        EASYFLOW_KAFKA_BROKERS: 'no-port',
        EASYFLOW_DATABASE_PASSWORD_EF_CLAIM: '',
        EASYFLOW_EXECUTOR_LEASE_MS: '31000',
        EASYFLOW_ECO_TIMEZONE: 'Mars/Olympus',
        EASYFLOW_HTTP_PORT: '65536',
      }),
    );
    expect(error.problems.map(({ variable }) => variable).sort()).toEqual([
      'EASYFLOW_DATABASE_PASSWORD_EF_CLAIM',
      'EASYFLOW_ECO_TIMEZONE',
      'EASYFLOW_EXECUTOR_LEASE_MS',
      'EASYFLOW_HTTP_PORT',
      'EASYFLOW_KAFKA_BROKERS',
    ]);
    expect(error.message).toContain('EASYFLOW_KAFKA_BROKERS is "no-port", which cannot be used');
    expect(error.message).toContain('write host:port, several with commas between');
    expect(error.message).toContain('EASYFLOW_DATABASE_PASSWORD_EF_CLAIM is not set');
    expect(error.message).not.toContain('secret"');
  });

  it('migrates under the TLS of the services unless the URL says otherwise', () => {
    const urlOf = (url: string) =>
      readConfig('migrations', {
        EASYFLOW_MIGRATIONS_DATABASE_URL: url,
        EASYFLOW_DATABASE_SSL_MODE: 'verify-full',
      }).databaseUrl;
    expect(urlOf('postgres://a:p%2Fw@db/x')).toBe('postgres://a:p%2Fw@db/x?sslmode=verify-full');
    const own = 'postgres://a:b@db/x?sslmode=disable';
    expect(urlOf(own)).toBe(own);
  });

  it('does not show a secret that cannot be used', () => {
    const error = problemsOf(() =>
      readConfig('migrations', { EASYFLOW_MIGRATIONS_DATABASE_URL: 'mysql://root:hunter2@db' }),
    );
    expect(error.problems).toHaveLength(1);
    expect(error.message).not.toContain('hunter2');
  });

  describe('secrets in files', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'easyflow-config-'));
    const file = path.join(folder, 'password');
    beforeAll(() => writeFileSync(file, 'from-file\n'));
    afterAll(() => rmSync(folder, { recursive: true }));
    const { EASYFLOW_DATABASE_PASSWORD_EF_CLAIM, ...rest } = executor;

    it('reads a secret from the file that its _FILE variable names', () => {
      const config = readConfig('executor', {
        ...rest,
        EASYFLOW_DATABASE_PASSWORD_EF_CLAIM_FILE: file,
      });
      expect(config.database.passwords.ef_claim).toBe('from-file');
    });

    it('refuses both, and a file that is not there', () => {
      const both = problemsOf(() =>
        readConfig('executor', {
          ...rest,
          EASYFLOW_DATABASE_PASSWORD_EF_CLAIM,
          EASYFLOW_DATABASE_PASSWORD_EF_CLAIM_FILE: file,
        }),
      );
      expect(both.problems).toHaveLength(1);
      const missing = problemsOf(() =>
        readConfig('executor', {
          ...rest,
          EASYFLOW_DATABASE_PASSWORD_EF_CLAIM_FILE: path.join(folder, 'none'),
        }),
      );
      expect(missing.problems).toEqual([
        expect.objectContaining({
          variable: 'EASYFLOW_DATABASE_PASSWORD_EF_CLAIM_FILE',
          problem: expect.stringContaining('ENOENT') as string,
        }),
      ]);
    });
  });

  it.each(PROGRAMS.filter((program) => !['embedded', 'local-services'].includes(program)))(
    'refuses to start %s on an empty environment',
    (program) => {
      expect(problemsOf(() => readConfig(program, {})).problems.length).toBeGreaterThan(0);
    },
  );

  it('starts the one-process shape on an empty environment, on loopback only', () => {
    const config = readConfig('embedded', {});
    expect(config.http).toEqual({ host: '127.0.0.1', port: 8080 });
    expect(config.egress).toEqual({ allowLoopback: true, allowPrivate: false });
    expect(config.limits).toEqual({ requestsPerSecond: 600 });
    expect(config.prices).toEqual({ realtime: '0.004', balanced: '0.0035', eco: '0.003' });
  });

  it('asks for a slot for the pod unless one is named', () => {
    const pod = { ...executor, EASYFLOW_POD_NAME: 'executor-7' };
    expect(readConfig('executor', pod).slot).toBe('executor-7');
    expect(readConfig('executor', pod).slotHolder).toBe('executor-7');
    expect(readConfig('executor', { ...pod, EASYFLOW_SLOT: '3' })).toMatchObject({ slot: '3' });
    expect(readConfig('executor', { ...pod, EASYFLOW_SLOT: '3' })).not.toHaveProperty('slotHolder');
  });

  it('reads the eco window with its time zone', () => {
    const berlin = {
      ...executor,
      EASYFLOW_ECO_WINDOW: '20:30-05:00',
      EASYFLOW_ECO_TIMEZONE: 'Europe/Berlin',
    };
    expect(readConfig('executor', berlin).ecoWindow).toBe('20:30-05:00 Europe/Berlin');
    const always = { ...executor, EASYFLOW_ECO_WINDOW: 'always' };
    expect(readConfig('executor', always).ecoWindow).toBe('always');
  });
});

describe('the variables', () => {
  it.each(Object.entries<Variable>(variables))('%s has a usable default', (_name, variable) => {
    if (variable.default === undefined) return;
    expect(variable.schema.safeParse(variable.default).success).toBe(true);
  });

  it('are documented in docs/configuration.md', () => {
    const file = path.join(__dirname, '../../../../docs/configuration.md');
    expect(readFileSync(file, 'utf8')).toBe(configurationDocument());
  });
});

describe('readClientVariables', () => {
  it('takes the variables of the command line and no others', () => {
    expect(
      readClientVariables({ EASYFLOW_URL: 'http://x', EASYFLOW_API_KEY: '', SECRET: 'y' }),
    ).toEqual({ EASYFLOW_URL: 'http://x' });
  });
});

describe('readTelemetryConfig', () => {
  it('is on only with an endpoint, and not when it is disabled', () => {
    expect(readTelemetryConfig({})).toEqual({ serviceName: 'easyflow' });
    const on = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://otel:4318', OTEL_SERVICE_NAME: 'gateway' };
    expect(readTelemetryConfig(on)).toEqual({
      serviceName: 'gateway',
      endpoint: 'http://otel:4318',
    });
    expect(readTelemetryConfig({ ...on, OTEL_SDK_DISABLED: 'true' }).endpoint).toBeUndefined();
  });
});
