// For its effect: all services, and the libraries they use, declare their metrics when they are loaded.
import './dev/embedded-services';
import '@easyflow/platform-kafka';
import { declaredMetrics } from '@easyflow/platform-telemetry';
import { readFileSync } from 'node:fs';
import path from 'node:path';

const text = readFileSync(path.join(__dirname, '../../../docs/metrics.md'), 'utf8');

/** The rows of the tables of our own metrics, without the last column: that is for people only. */
function documented(): string[][] {
  return text
    .split('\n')
    .filter((line) => line.startsWith('| `easyflow.'))
    .map((line) =>
      line
        .split('|')
        .slice(1, -2)
        .map((cell) => cell.trim()),
    );
}

const code = (name: string) => `\`${name}\``;
const byName = ([left = '']: string[], [right = '']: string[]) => (left < right ? -1 : 1);

describe('docs/metrics.md', () => {
  it('lists the metrics that the services declare', () => {
    const declared = declaredMetrics().map(({ name, kind, unit, attributes = [], description }) => [
      code(name),
      kind,
      code(unit),
      attributes.map(code).join(', '),
      description,
    ]);
    expect(documented().sort(byName)).toEqual(declared.sort(byName));
  });

  it('says of each which question it answers', () => {
    for (const line of text.split('\n').filter((each) => each.startsWith('| `easyflow.'))) {
      expect(line.split('|').at(-2)?.trim()).toMatch(/\?$/);
    }
  });
});

describe('the metrics', () => {
  it('are named alike, each once', () => {
    const names = declaredMetrics().map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name).toMatch(/^easyflow(\.[a-z_]+){2,}$/);
  });

  it('have units of seconds or of counted things', () => {
    for (const { unit } of declaredMetrics()) expect(unit).toMatch(/^(s|\{[a-z]+\})$/);
  });

  it('have no attribute that names a tenant, a flow or an execution', () => {
    const attributes = new Set(declaredMetrics().flatMap((each) => each.attributes ?? []));
    expect([...attributes].sort()).toEqual([
      'easyflow.connection.limit',
      'easyflow.credential.kind',
      'easyflow.database.role',
      'easyflow.deferral.cause',
      'easyflow.effect.kind',
      'easyflow.execution.mode',
      'easyflow.execution.status',
      'easyflow.lease.loss',
      'easyflow.message.type',
      'easyflow.outcome',
      'easyflow.request.pattern',
      'easyflow.token.kind',
      'error.type',
    ]);
  });
});
