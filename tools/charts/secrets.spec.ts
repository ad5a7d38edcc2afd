import { execFileSync } from 'node:child_process';
import { createPublicKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { workloadIdentity, type ServiceName } from '@easyflow/tenant-context';
import { parse, parseAllDocuments } from 'yaml';
import { describeWithHelm } from './rendering';

interface Secret {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly data: Record<string, string>;
}
interface ChartValues {
  readonly database: { readonly secretKeys: Record<string, string> };
  readonly identity: { readonly secretKeys: Record<string, string> };
  readonly issuer: { readonly secretKeys: Record<string, string> };
  readonly migrations: { readonly secretKey: string };
  readonly redis: { readonly secretKey: string };
}
interface Workload {
  readonly keyId: string;
  readonly service: ServiceName;
  readonly publicKey: string;
}

const root = path.join(__dirname, '..', '..');
// helm and kubectl come together.
describeWithHelm('k8s/make-secrets.sh', () => {
  let secrets: Map<string, Record<string, string>>;

  beforeAll(() => {
    const tools = path.join(root, 'tools', 'helm.mjs');
    const kubectl = execFileSync(process.execPath, [tools, '--path', 'kubectl'], {
      encoding: 'utf8',
    });
    const text = execFileSync(
      path.join(root, 'k8s', 'make-secrets.sh'),
      ['postgres://admin:secret@db:5432/easyflow', 'redis://redis:6379'],
      { encoding: 'utf8', env: { ...process.env, KUBECTL: kubectl.trim() } },
    );
    secrets = new Map(
      parseAllDocuments(text).map((document) => {
        const { metadata, data } = document.toJS() as Secret;
        const decoded = Object.entries(data).map(([key, value]) => [
          key,
          Buffer.from(value, 'base64').toString(),
        ]);
        return [metadata.name, Object.fromEntries(decoded) as Record<string, string>];
      }),
    );
  }, 120_000);

  it('makes the keys that the chart reads by default', () => {
    const values = parse(
      readFileSync(path.join(root, 'charts', 'easyflow', 'values.yaml'), 'utf8'),
    ) as ChartValues;
    const made = Object.fromEntries(
      [...secrets].map(([name, data]) => [name, Object.keys(data).sort()]),
    );
    expect(made).toEqual({
      'easyflow-database': Object.values(values.database.secretKeys).sort(),
      'easyflow-identity': Object.values(values.identity.secretKeys).sort(),
      'easyflow-issuer': Object.values(values.issuer.secretKeys).sort(),
      'easyflow-migrations': [values.migrations.secretKey],
      'easyflow-redis': [values.redis.secretKey],
    });
    expect(secrets.get('easyflow-migrations')?.['url']).toBe(
      'postgres://admin:secret@db:5432/easyflow',
    );
  });

  it('gives each role a password of its own', () => {
    const passwords = Object.values(secrets.get('easyflow-database') ?? {});
    expect(new Set(passwords).size).toBe(8);
    for (const password of passwords) expect(password).toMatch(/^[0-9a-f]{48}$/);
  });

  it('tells the issuer the public key of each service, under the id that the service derives', () => {
    const workloads = JSON.parse(
      secrets.get('easyflow-issuer')?.['workloads.json'] ?? '[]',
    ) as Workload[];
    expect(workloads.map(({ service }) => `${service}.pem`).sort()).toEqual(
      Object.keys(secrets.get('easyflow-identity') ?? {}).sort(),
    );
    for (const { keyId, service, publicKey } of workloads) {
      const own = createPublicKey(secrets.get('easyflow-identity')?.[`${service}.pem`] ?? '');
      expect(createPublicKey(publicKey).equals(own)).toBe(true);
      const pem = secrets.get('easyflow-identity')?.[`${service}.pem`] ?? '';
      expect(keyId).toBe(workloadIdentity(service, pem).keyId);
    }
  });

  it('makes an ES256 key for access tokens', () => {
    const key = createPublicKey(secrets.get('easyflow-issuer')?.['signing-key.pem'] ?? '');
    expect(key.asymmetricKeyDetails).toEqual({ namedCurve: 'prime256v1' });
  });
});
