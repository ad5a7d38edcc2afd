import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { parseAllDocuments } from 'yaml';

/** What the checks read of an environment variable. */
export interface EnvironmentVariable {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: { secretKeyRef?: { name: string; key: string }; fieldRef?: object };
}

/** What the checks read of a container. */
export interface Container {
  readonly name: string;
  readonly env?: readonly EnvironmentVariable[];
  readonly envFrom?: readonly { configMapRef?: { name: string }; secretRef?: { name: string } }[];
  readonly securityContext?: Record<string, unknown>;
  readonly volumeMounts?: readonly { name: string; mountPath: string; readOnly?: boolean }[];
  readonly lifecycle?: { preStop?: { sleep?: { seconds: number } } };
  readonly [probeOrOther: string]: unknown;
}

/** What the checks read of a pod's specification. */
export interface PodSpec {
  readonly containers: readonly Container[];
  readonly initContainers?: readonly Container[];
  readonly volumes?: readonly Volume[];
  readonly securityContext?: Record<string, unknown>;
  readonly automountServiceAccountToken?: boolean;
  readonly serviceAccountName?: string;
  readonly terminationGracePeriodSeconds?: number;
}

/** What the checks read of a volume. */
export interface Volume {
  readonly name: string;
  readonly emptyDir?: object;
  readonly configMap?: { name: string };
  readonly secret?: { secretName: string; items?: readonly { key: string; path: string }[] };
}

/** A rendered Kubernetes object; `spec` and `data` as they are in the manifest. */
export interface Manifest {
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly labels?: Record<string, string>;
    readonly annotations?: Record<string, string>;
  };
  readonly spec?: Record<string, unknown>;
  readonly data?: Record<string, string>;
}

/** A pod that some rendered object makes. */
export interface RenderedPod {
  readonly owner: Manifest;
  readonly component: string;
  readonly labels: Record<string, string>;
  readonly annotations: Record<string, string>;
  readonly spec: PodSpec;
}

const root = path.join(__dirname, '..', '..');
const chart = path.join(root, 'charts', 'easyflow');

/** The ci/ scenarios of the chart, by their names. */
const scenarios: readonly string[] = readdirSync(path.join(chart, 'ci'))
  .filter((file) => file.endsWith('-values.yaml'))
  .map((file) => file.replace(/-values\.yaml$/, ''))
  .sort();

/**
 * Describes what needs helm. Where it cannot be had (no network, another platform) the tests are skipped and the
 * reason is printed; in CI that is an Error, because a check that is left out there would never be missed.
 */
export function describeWithHelm(name: string, tests: (helm: string) => void): void {
  const tool = path.join(root, 'tools', 'helm.mjs');
  const run = spawnSync(process.execPath, [tool, '--path', 'helm'], { encoding: 'utf8' });
  if (run.status === 0) {
    describe(name, () => tests(run.stdout.trim()));
    return;
  }
  if (process.env['CI']) throw new Error(`the chart cannot be checked: ${run.stderr.trim()}`);
  process.stderr.write(`Skipped: ${name}. ${run.stderr.trim()}\n`);
  describe(name, () => {
    it.skip('needs helm', () => undefined);
  });
}

/** The same for every scenario of the chart. */
export function describeScenarios(
  subject: string,
  tests: (helm: string, scenario: string) => void,
): void {
  describeWithHelm(subject, (helm) => {
    describe.each(scenarios)('with %s values', (scenario) => tests(helm, scenario));
  });
}

/** Arguments of `helm template` for a scenario; `set` gives single values, as `--set-json` takes them. */
function templateArguments(scenario: string, set: Record<string, unknown>): string[] {
  const values = path.join(chart, 'ci', `${scenario}-values.yaml`);
  const given = Object.entries(set).flatMap(([key, value]) => [
    '--set-json',
    `${key}=${JSON.stringify(value)}`,
  ]);
  return ['template', 'flow', chart, '--namespace', 'apps', '--values', values, ...given];
}

/** The objects of a scenario. Throws what helm says when it cannot be rendered. */
export function render(
  helm: string,
  scenario: string,
  set: Record<string, unknown> = {},
  extra: readonly string[] = [],
): Manifest[] {
  const text = execFileSync(helm, [...templateArguments(scenario, set), ...extra], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return parseAllDocuments(text)
    .map((document) => document.toJS() as Manifest | null)
    .filter((manifest) => manifest !== null);
}

/** What helm says to values that it refuses; fails when it accepts them. */
export function refusal(helm: string, scenario: string, set: Record<string, unknown>): string {
  const run = spawnSync(helm, templateArguments(scenario, set), { encoding: 'utf8' });
  if (run.status === 0) throw new Error(`helm accepted ${JSON.stringify(set)}`);
  return run.stderr;
}

/** The pods that the objects make. */
export function podsOf(manifests: readonly Manifest[]): RenderedPod[] {
  return manifests.flatMap((owner): RenderedPod[] => {
    const template =
      owner.kind === 'Pod' ? owner : (owner.spec?.['template'] as Manifest | undefined);
    if (!template?.spec || !['Pod', 'Deployment', 'Job'].includes(owner.kind)) return [];
    const labels = template.metadata.labels ?? {};
    return [
      {
        owner,
        component: labels['app.kubernetes.io/component'] ?? '',
        labels,
        annotations: template.metadata.annotations ?? {},
        spec: template.spec as unknown as PodSpec,
      },
    ];
  });
}

/** The objects of one kind. */
export function ofKind(manifests: readonly Manifest[], kind: string): Manifest[] {
  return manifests.filter((manifest) => manifest.kind === kind);
}
