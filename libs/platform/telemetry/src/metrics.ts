import { metrics, type Attributes } from '@opentelemetry/api';

/** What an operator is told of a metric; `docs/metrics.md` says the same, held by a test. */
export interface MetricDeclaration<Attribute extends string> {
  /** `easyflow.<thing>.<what happened>`, in the style of OpenTelemetry's semantic conventions. */
  name: string;
  /** UCUM; `s` for durations, a thing counted in braces. */
  unit: string;
  /** One sentence. */
  description: string;
  /** Every one is given with every measurement, each with few values: never an id or what a tenant wrote. */
  attributes?: readonly Attribute[];
}

/** A metric that a loaded module has declared. */
export interface DeclaredMetric extends MetricDeclaration<string> {
  kind: 'counter' | 'histogram' | 'gauge';
}

type Given<Attribute extends string> = [Attribute] extends [never]
  ? []
  : [attributes: Readonly<Record<Attribute, string>>];

/** A sum that only grows. */
export interface CounterMetric<Attribute extends string> {
  /** Nothing is recorded for 0. */
  add(count: number, ...attributes: Given<Attribute>): void;
  /** Adds a batch: one addition for each value of the metric's only attribute. */
  addEach(attribute: Attribute, values: readonly string[]): void;
}

/** A distribution; durations are recorded in seconds. */
export interface HistogramMetric<Attribute extends string> {
  record(value: number, ...attributes: Given<Attribute>): void;
}

/** A value that is read when metrics are exported, and costs nothing before. */
export interface GaugeMetric {
  /** Adds a part of the value, such as one of several executors in a process. Returns what takes it away again. */
  observe(read: () => number): () => void;
}

/** OpenTelemetry's own boundaries are made for milliseconds. */
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
/** Up to the 500 rows of the largest batch. */
const SIZES = [0, 1, 2, 5, 10, 20, 50, 100, 200, 300, 400, 500];

const declared: DeclaredMetric[] = [];

/** The metrics that the modules loaded so far have declared, in no particular order. */
export function declaredMetrics(): readonly DeclaredMetric[] {
  return declared;
}

/** Declares a counter. */
export function counter<const Attribute extends string = never>(
  declaration: MetricDeclaration<Attribute>,
): CounterMetric<Attribute> {
  const { name, unit, description } = declaration;
  declared.push({ kind: 'counter', ...declaration });
  const instrument = once(() => meter().createCounter(name, { unit, description }));
  const add = (count: number, attributes?: Attributes): void => {
    if (count > 0) instrument().add(count, attributes);
  };
  return {
    add: (count, ...[attributes]) => add(count, attributes),
    addEach: (attribute, values) => {
      for (const [value, count] of tally(values)) add(count, { [attribute]: value });
    },
  };
}

/** Declares a histogram, whose boundaries follow from its unit. */
export function histogram<const Attribute extends string = never>(
  declaration: MetricDeclaration<Attribute>,
): HistogramMetric<Attribute> {
  const { name, unit, description } = declaration;
  declared.push({ kind: 'histogram', ...declaration });
  const advice = { explicitBucketBoundaries: unit === 's' ? SECONDS : SIZES };
  const instrument = once(() => meter().createHistogram(name, { unit, description, advice }));
  return { record: (value, ...[attributes]) => instrument().record(value, attributes) };
}

/** Declares a gauge. */
export function gauge(declaration: MetricDeclaration<never>): GaugeMetric {
  const { name, unit, description } = declaration;
  declared.push({ kind: 'gauge', ...declaration });
  const parts = new Set<() => number>();
  const instrument = once(() => {
    const made = meter().createObservableGauge(name, { unit, description });
    made.addCallback((result) => {
      result.observe([...parts].reduce((sum, read) => sum + read(), 0));
    });
    return made;
  });
  return {
    observe: (read) => {
      instrument();
      parts.add(read);
      return () => void parts.delete(read);
    },
  };
}

/**
 * Instruments are made when they are first used: the API has no stand-in for a meter, so one made before the SDK has
 * started would record nothing for ever. Without an SDK they do nothing.
 */
function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => (made ??= make());
}

function meter() {
  return metrics.getMeter('easyflow');
}

function tally(values: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}
