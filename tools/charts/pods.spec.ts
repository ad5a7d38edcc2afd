import { describeScenarios, describeWithHelm, ofKind, podsOf, render } from './rendering';
import type { Container, Manifest, RenderedPod } from './rendering';
import { rolesOf } from './service-roles';

const services = Object.keys(rolesOf);

/** Every (secret, key) that a pod can read, by variable or by file. */
function secretsOf(pod: RenderedPod): string[] {
  const variables = pod.spec.containers.flatMap((container) =>
    (container.env ?? []).flatMap(({ valueFrom }) =>
      valueFrom?.secretKeyRef
        ? [`${valueFrom.secretKeyRef.name}/${valueFrom.secretKeyRef.key}`]
        : [],
    ),
  );
  const whole = pod.spec.containers.flatMap((container) =>
    (container.envFrom ?? []).flatMap(({ secretRef }) =>
      secretRef ? [`${secretRef.name}/*`] : [],
    ),
  );
  const files = (pod.spec.volumes ?? []).flatMap(({ secret }) =>
    secret ? (secret.items ?? [{ key: '*' }]).map(({ key }) => `${secret.secretName}/${key}`) : [],
  );
  return [...variables, ...whole, ...files].sort();
}

/** The names of a container's variables, those of its config maps too. */
function variableNames(container: Container, manifests: readonly Manifest[]): string[] {
  const own = (container.env ?? []).map(({ name }) => name);
  const maps = (container.envFrom ?? []).flatMap(({ configMapRef }) => {
    const map = ofKind(manifests, 'ConfigMap').find(
      ({ metadata }) => metadata.name === configMapRef?.name,
    );
    return Object.keys(map?.data ?? {});
  });
  return [...own, ...maps];
}

describeScenarios('the pods of the chart', (helm, scenario) => {
  const manifests = render(helm, scenario);
  const pods = podsOf(manifests);
  const podsOfServices = pods.filter(({ owner }) => owner.kind === 'Deployment');

  it('are one Deployment a service', () => {
    expect(podsOfServices.map(({ component }) => component).sort()).toEqual([...services].sort());
  });

  it('meet Pod Security "restricted" and hold no credentials of the cluster', () => {
    for (const { spec } of pods) {
      expect(spec.automountServiceAccountToken).toBe(false);
      expect(spec.securityContext).toMatchObject({
        runAsNonRoot: true,
        seccompProfile: { type: 'RuntimeDefault' },
      });
      expect(spec).not.toHaveProperty('hostNetwork');
      for (const container of [...spec.containers, ...(spec.initContainers ?? [])]) {
        expect(container.securityContext).toMatchObject({
          allowPrivilegeEscalation: false,
          privileged: false,
          readOnlyRootFilesystem: true,
          runAsNonRoot: true,
          capabilities: { drop: ['ALL'] },
        });
      }
      for (const volume of spec.volumes ?? [])
        expect(Object.keys(volume).filter((key) => key !== 'name')).toEqual([
          expect.stringMatching(/^(emptyDir|configMap|secret)$/),
        ]);
    }
  });

  it.each(services)('give %s the passwords and files of its own roles only', (service) => {
    const pod = podsOfServices.find(({ component }) => component === service);
    const passwords = secretsOf(pod as RenderedPod).filter((key) => key.startsWith('database/'));
    expect(passwords).toEqual(rolesOf[service]?.map((role) => `database/${role}`));
    const identities = secretsOf(pod as RenderedPod).filter((key) => key.startsWith('identity/'));
    expect(identities).toEqual([`identity/${service}.pem`]);
  });

  it('give no pod a whole secret', () => {
    for (const pod of pods) expect(secretsOf(pod).filter((key) => key.endsWith('/*'))).toEqual([]);
  });

  it("keep the issuer's keys to the issuer and the migration's user to the job", () => {
    const holders = (secret: string): string[] =>
      pods
        .filter((pod) => secretsOf(pod).some((key) => key.startsWith(`${secret}/`)))
        .map(({ component }) => component);
    expect(new Set(holders('issuer'))).toEqual(new Set(['issuer']));
    expect(holders('migrations')).toEqual(scenario === 'external' ? [] : ['migrations']);
  });

  it('name no variable twice', () => {
    for (const { spec } of pods) {
      for (const container of spec.containers) {
        const names = variableNames(container, manifests);
        expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
      }
    }
  });

  it('read only config maps that are rendered or that the values name', () => {
    const rendered = ofKind(manifests, 'ConfigMap').map(({ metadata }) => metadata.name);
    if (scenario === 'secured') rendered.push('trust');
    for (const { spec } of pods) {
      const fromVariables = spec.containers.flatMap((container) =>
        (container.envFrom ?? []).map(({ configMapRef }) => configMapRef?.name),
      );
      const fromVolumes = (spec.volumes ?? []).flatMap(({ configMap }) => configMap?.name ?? []);
      expect(rendered).toEqual(expect.arrayContaining([...fromVariables, ...fromVolumes]));
    }
  });

  it('can write /tmp and nothing else', () => {
    for (const { spec } of podsOfServices) {
      const writable = new Set(
        (spec.volumes ?? []).filter(({ emptyDir }) => emptyDir).map(({ name }) => name),
      );
      const mounts = spec.containers.flatMap(({ volumeMounts }) => volumeMounts ?? []);
      const folders = mounts.filter(({ name }) => writable.has(name)).map((m) => m.mountPath);
      expect(folders).toEqual(['/tmp']);
      for (const { name, readOnly } of mounts) if (!writable.has(name)) expect(readOnly).toBe(true);
    }
  });

  it('are probed for start, readiness and life', () => {
    for (const { spec } of podsOfServices) {
      expect(spec.containers[0]).toMatchObject({
        startupProbe: { httpGet: { path: '/healthz', port: 'http' } },
        readinessProbe: { httpGet: { path: '/readyz', port: 'http' } },
        livenessProbe: { httpGet: { path: '/healthz', port: 'http' } },
      });
    }
  });

  it('get longer to stop than leaving the endpoints and draining take', () => {
    const settings = ofKind(manifests, 'ConfigMap')[0]?.data ?? {};
    const drainSeconds = Number(settings['EASYFLOW_SHUTDOWN_DRAIN_SECONDS']);
    expect(drainSeconds).toBeGreaterThan(0);
    for (const { spec } of podsOfServices) {
      const preStop = spec.containers[0]?.lifecycle?.preStop?.sleep?.seconds ?? 0;
      expect(preStop).toBeGreaterThan(0);
      expect(spec.terminationGracePeriodSeconds).toBeGreaterThan(preStop + drainSeconds);
    }
  });
});

describeWithHelm('a change of the settings', (helm) => {
  it('rolls the pods', () => {
    const checksums = (level: string): unknown[] =>
      podsOf(render(helm, 'minimal', { 'settings.logLevel': level }))
        .filter(({ owner }) => owner.kind === 'Deployment')
        .map(({ annotations }) => annotations['easyflow.io/settings-checksum']);
    const [before, after] = [checksums('info'), checksums('debug')];
    expect(before).toEqual(checksums('info'));
    for (const [index, checksum] of before.entries()) expect(after[index]).not.toBe(checksum);
  });
});
