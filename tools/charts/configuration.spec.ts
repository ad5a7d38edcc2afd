import { PROGRAMS, readConfig, variables } from '@easyflow/platform-config';
import type { Program } from '@easyflow/platform-config';
import { describeScenarios, describeWithHelm, ofKind, podsOf, render } from './rendering';
import type { Manifest, RenderedPod } from './rendering';

/** What the process in the pod would find in its environment, with a made-up value for each secret. */
function environmentOf(pod: RenderedPod, manifests: readonly Manifest[]): Record<string, string> {
  const [container] = pod.spec.containers;
  const fromMaps = (container?.envFrom ?? []).map(
    ({ configMapRef }) =>
      ofKind(manifests, 'ConfigMap').find(({ metadata }) => metadata.name === configMapRef?.name)
        ?.data ?? {},
  );
  const own = (container?.env ?? []).map(({ name, value }) => [name, value ?? secretFor(name)]);
  return Object.assign({}, ...fromMaps, Object.fromEntries(own)) as Record<string, string>;
}

function secretFor(name: string): string {
  if (name === 'EASYFLOW_REDIS_URL') return 'redis://redis.example.test:6379';
  if (name === 'EASYFLOW_MIGRATIONS_DATABASE_URL')
    return 'postgres://admin:secret@db.example.test/easyflow';
  return 'a-secret-of-sixteen-or-more';
}

function isProgram(name: string): name is Program {
  return PROGRAMS.some((program) => program === name);
}

describeScenarios('the environment of the pods', (helm, scenario) => {
  const manifests = render(helm, scenario);
  const pods = podsOf(manifests).filter(({ component }) => component !== 'test');

  it('is one with which each program starts', () => {
    for (const pod of pods) {
      if (!isProgram(pod.component)) throw new Error(`${pod.component} is no program`);
      expect(readConfig(pod.component, environmentOf(pod, manifests))).toMatchObject({
        service: pod.component,
      });
    }
  });

  it('holds only variables that exist, and own ones only for who reads them', () => {
    const known = new Map(Object.entries(variables).map(([name, { usedBy }]) => [name, usedBy]));
    for (const pod of pods) {
      const names = Object.keys(environmentOf(pod, manifests)).filter((n) =>
        n.startsWith('EASYFLOW_'),
      );
      expect(names.filter((name) => !known.has(name))).toEqual([]);
      const own = (pod.spec.containers[0]?.env ?? []).map(({ name }) => name);
      const foreign = own.filter((name) => {
        const readers: readonly string[] | undefined = known.get(name);
        return readers !== undefined && !readers.includes(pod.component);
      });
      expect({ pod: pod.component, foreign }).toEqual({ pod: pod.component, foreign: [] });
    }
  });
});

describeWithHelm('the values of the chart', (helm) => {
  it.each(['minimal', 'argocd'])('the migrations speak TLS as the services do (%s)', (scenario) => {
    const manifests = render(helm, scenario, { 'database.sslMode': 'require' });
    const job = podsOf(manifests).find(({ component }) => component === 'migrations');
    if (!job) throw new Error('no migrations');
    const { databaseUrl } = readConfig('migrations', environmentOf(job, manifests));
    expect(new URL(databaseUrl).searchParams.get('sslmode')).toBe('require');
  });

  it('reach the programs', () => {
    const manifests = render(helm, 'minimal', {
      'settings.prices.eco': '0.001',
      'settings.ecoWindow': 'always',
      'settings.executorSlots': 7,
      'shutdown.drainSeconds': 33,
      'kafka.brokers': ['a:9092', 'b:9093'],
    });
    const environments = new Map(
      podsOf(manifests).map((pod) => [pod.component, environmentOf(pod, manifests)]),
    );
    expect(readConfig('analytics', environments.get('analytics')).prices.eco).toBe('0.001');
    expect(readConfig('executor', environments.get('executor'))).toMatchObject({
      ecoWindow: 'always',
      executor: { slots: 7 },
      drainMs: 33_000,
      kafka: { brokers: ['a:9092', 'b:9093'] },
      issuerUrl: 'http://flow-easyflow-issuer',
    });
  });
});
