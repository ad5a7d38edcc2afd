import type { Program } from '@easyflow/engine';

/** The flows that a run in memory knows, by namespace, name and version. */
export class FlowShelf {
  private readonly versions = new Map<string, Program[]>();

  constructor(programs: readonly Program[]) {
    for (const program of programs) {
      const { namespace, name } = program.flow;
      const key = `${namespace}/${name}`;
      this.versions.set(key, [...(this.versions.get(key) ?? []), program]);
    }
  }

  /** A version of a flow; `latest` is the highest. */
  find(flow: { namespace: string; name: string; version: string }): Program | undefined {
    const versions = this.versions.get(`${flow.namespace}/${flow.name}`) ?? [];
    return flow.version === 'latest'
      ? versions.toSorted((a, b) => compareVersions(a.flow.version, b.flow.version)).at(-1)
      : versions.find((program) => program.flow.version === flow.version);
  }
}

/** The order of semantic versions (semver.org, 11); build metadata does not count. */
export function compareVersions(a: string, b: string): number {
  const [coreA = '', preA] = split(a);
  const [coreB = '', preB] = split(b);
  const core = compareParts(coreA.split('.'), coreB.split('.'));
  if (core !== 0) return core;
  if (preA === undefined || preB === undefined) {
    return Number(preA === undefined) - Number(preB === undefined);
  }
  return compareParts(preA.split('.'), preB.split('.'));
}

function split(version: string): [core: string, preRelease: string | undefined] {
  const [plain = ''] = version.split('+');
  const dash = plain.indexOf('-');
  return dash < 0 ? [plain, undefined] : [plain.slice(0, dash), plain.slice(dash + 1)];
}

function compareParts(a: readonly string[], b: readonly string[]): number {
  for (let index = 0; index < Math.max(a.length, b.length); index += 1) {
    const [left, right] = [a[index], b[index]];
    if (left === undefined || right === undefined) return left === undefined ? -1 : 1;
    if (left === right) continue;
    const numbers = [/^\d+$/.test(left), /^\d+$/.test(right)];
    if (numbers[0] && numbers[1]) return Number(left) - Number(right);
    if (numbers[0] !== numbers[1]) return numbers[0] ? -1 : 1;
    return left < right ? -1 : 1;
  }
  return 0;
}
