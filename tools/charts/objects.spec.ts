import { describeScenarios, describeWithHelm, ofKind, podsOf, refusal, render } from './rendering';
import type { Manifest } from './rendering';

interface Selector {
  readonly matchLabels?: Record<string, string>;
  readonly matchExpressions?: readonly { key: string; operator: string; values: string[] }[];
}

function matches(
  { matchLabels = {}, matchExpressions = [] }: Selector,
  labels: Record<string, string>,
): boolean {
  const exact = Object.entries(matchLabels).every(([key, value]) => labels[key] === value);
  return (
    exact &&
    matchExpressions.every(({ key, operator, values }) => {
      if (operator !== 'In') throw new Error(`the check does not know the operator ${operator}`);
      return values.includes(labels[key] ?? '');
    })
  );
}

/** The selectors of pods in this chart: those of other namespaces and of the user's own peers are not ours. */
function selectorsOf({ kind, spec = {} }: Manifest): Selector[] {
  if (kind === 'Service') return [{ matchLabels: spec['selector'] as Record<string, string> }];
  if (kind === 'Deployment' || kind === 'PodDisruptionBudget')
    return [spec['selector'] as Selector];
  if (kind !== 'NetworkPolicy') return [];
  const rules = [...((spec['ingress'] ?? []) as Rule[]), ...((spec['egress'] ?? []) as Rule[])];
  const peers = rules.flatMap(({ from = [], to = [] }) => [...from, ...to]);
  return [
    spec['podSelector'] as Selector,
    ...peers.flatMap(({ podSelector, namespaceSelector }) =>
      podSelector && !namespaceSelector ? [podSelector] : [],
    ),
  ];
}

interface Peer {
  readonly podSelector?: Selector;
  readonly namespaceSelector?: Selector;
  readonly ipBlock?: { cidr: string; except?: string[] };
}
interface Rule {
  readonly from?: Peer[];
  readonly to?: Peer[];
}

describeScenarios('the objects of the chart', (helm, scenario) => {
  const manifests = render(helm, scenario);
  const pods = podsOf(manifests);

  it('select pods that exist', () => {
    const selectors = manifests.flatMap(selectorsOf);
    expect(selectors.length).toBeGreaterThanOrEqual(12);
    for (const selector of selectors) {
      const selected = pods.filter(({ labels }) => matches(selector, labels));
      expect({ selector, selected: selected.length }).not.toMatchObject({ selected: 0 });
    }
  });

  it('have names of their own', () => {
    const names = manifests.map(({ kind, metadata }) => `${kind}/${metadata.name}`);
    expect(new Set(names).size).toBe(names.length);
  });

  it('leave the number of pods to the autoscaler where there is one', () => {
    const scaled = ofKind(manifests, 'HorizontalPodAutoscaler').map(
      ({ spec }) => (spec?.['scaleTargetRef'] as { name: string }).name,
    );
    expect(scaled.length).toBe(scenario === 'autoscaling' ? 6 : 0);
    for (const { metadata, spec } of ofKind(manifests, 'Deployment'))
      expect('replicas' in (spec ?? {})).toBe(!scaled.includes(metadata.name));
  });

  it('bring no datastore and no secret', () => {
    const kinds = new Set(manifests.map(({ kind }) => kind));
    for (const kind of ['StatefulSet', 'Secret', 'ServiceAccount', 'PersistentVolumeClaim'])
      expect(kinds).not.toContain(kind);
  });
});

describeWithHelm('the migration job', (helm) => {
  const jobs = (scenario: string, extra: string[] = []): Manifest[] =>
    ofKind(render(helm, scenario, {}, extra), 'Job');

  it('keeps its name, so that before-hook-creation replaces it at an upgrade', () => {
    const names = [jobs('minimal'), jobs('minimal', ['--is-upgrade'])].map((found) =>
      found.map(({ metadata }) => metadata.name),
    );
    expect(names).toEqual([['flow-easyflow-migrations'], ['flow-easyflow-migrations']]);
  });

  it('is a hook of helm', () => {
    expect(jobs('minimal')[0]?.metadata.annotations).toEqual({
      'helm.sh/hook': 'pre-install,pre-upgrade',
      'helm.sh/hook-delete-policy': 'before-hook-creation',
    });
  });

  it('is one hook of Argo CD, which would run both of helm’s before every sync', () => {
    expect(jobs('argocd')[0]?.metadata.annotations).toEqual({
      'argocd.argoproj.io/hook': 'PreSync',
      'argocd.argoproj.io/hook-delete-policy': 'BeforeHookCreation',
    });
  });

  it('is left out where migrations are run by hand', () => {
    expect(jobs('external')).toEqual([]);
  });

  it.each(['minimal', 'argocd', 'secured'])(
    'needs nothing that the chart makes (%s)',
    (scenario) => {
      const manifests = render(helm, scenario);
      const job = podsOf(manifests).find(({ component }) => component === 'migrations');
      const made = manifests
        .filter(({ kind }) => ['ConfigMap', 'Secret', 'ServiceAccount'].includes(kind))
        .map(({ metadata }) => metadata.name);
      expect(made.length).toBeGreaterThan(0);
      const text = JSON.stringify(job?.spec);
      for (const name of made) expect(text).not.toContain(`"${name}"`);
    },
  );
});

describeWithHelm('the network policies', (helm) => {
  const policies = (scenario: string): Manifest[] =>
    ofKind(render(helm, scenario), 'NetworkPolicy');

  it('deny by default, both ways, to every pod of the release', () => {
    const manifests = render(helm, 'minimal');
    const deny = ofKind(manifests, 'NetworkPolicy').find(({ metadata }) =>
      metadata.name.endsWith('default-deny'),
    );
    expect(deny?.spec?.['policyTypes']).toEqual(['Ingress', 'Egress']);
    expect(deny?.spec).not.toHaveProperty('ingress');
    for (const { labels } of podsOf(manifests))
      expect(matches(deny?.spec?.['podSelector'] as Selector, labels)).toBe(true);
  });

  it('keep the calls of flows out of private networks and metadata services', () => {
    const steps = policies('minimal').find(({ metadata }) =>
      metadata.name.endsWith('steps-egress'),
    );
    expect((steps?.spec?.['podSelector'] as Selector).matchExpressions?.[0]?.values).toEqual([
      'executor',
    ]);
    const blocks = (steps?.spec?.['egress'] as Rule[]).flatMap(({ to = [] }) => to);
    expect(blocks.map(({ ipBlock }) => ipBlock?.cidr)).toEqual(['0.0.0.0/0', '::/0']);
    expect(blocks[0]?.ipBlock?.except).toEqual(
      expect.arrayContaining([
        '10.0.0.0/8',
        '172.16.0.0/12',
        '192.168.0.0/16',
        '169.254.0.0/16',
        '127.0.0.0/8',
      ]),
    );
    expect(blocks[1]?.ipBlock?.except).toEqual(expect.arrayContaining(['fc00::/7', 'fe80::/10']));
  });

  it('can be left out', () => {
    expect(policies('external')).toEqual([]);
  });
});

describeWithHelm('large numbers', (helm) => {
  it('are written out, as the services and Kubernetes read them', () => {
    const manifests = render(helm, 'minimal', {
      'settings.requestsPerSecond': 1_000_000,
      'podSecurity.userId': 1_000_680_001,
    });
    const settings = ofKind(manifests, 'ConfigMap')[0]?.data;
    expect(settings?.['EASYFLOW_LIMIT_REQUESTS_PER_SECOND']).toBe('1000000');
    for (const { spec } of podsOf(manifests))
      expect(spec.securityContext).toMatchObject({ runAsUser: 1_000_680_001 });
  });
});

describeWithHelm('values that cannot work', (helm) => {
  it.each([
    ['an unknown value', { 'gatway.replicas': 3 }, /gatway/],
    ['an unknown value inside', { 'database.pasword': 'x' }, /pasword/],
    ['a wrong type', { 'services.gateway.replicas': 'two' }, /replicas/],
    ['an unknown mode of migrations', { 'migrations.mode': 'helmm' }, /mode/],
    ['no database', { 'database.host': '' }, /database\.host/],
    ['no passwords', { 'database.existingSecret': '' }, /database\.existingSecret/],
    ['no brokers', { 'kafka.brokers': [] }, /kafka\.brokers/],
    ['no user for migrations', { 'migrations.existingSecret': '' }, /migrations\.existingSecret/],
    [
      'more pods at least than at most',
      { 'services.executor.autoscaling': { enabled: true, minReplicas: 5, maxReplicas: 2 } },
      /services\.executor\.autoscaling/,
    ],
  ])('are refused by name: %s', (_case, set, named) => {
    expect(refusal(helm, 'minimal', set)).toMatch(named);
  });
});
