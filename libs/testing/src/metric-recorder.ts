import { metrics as api } from '@opentelemetry/api';
import type { metrics as sdk } from '@opentelemetry/sdk-node';

/** Keeps what the metrics of this process record, instead of an exporter. */
export class MetricRecorder {
  private constructor(
    private readonly provider: sdk.MeterProvider,
    private readonly exporter: sdk.InMemoryMetricExporter,
  ) {}

  /** Begins to record. Instruments that were used before record nothing. */
  static async start(): Promise<MetricRecorder> {
    // Loaded only here: it takes a third of a second.
    const { metrics: sdk } = await import('@opentelemetry/sdk-node');
    const exporter = new sdk.InMemoryMetricExporter(sdk.AggregationTemporality.CUMULATIVE);
    const reader = new sdk.PeriodicExportingMetricReader({
      exporter,
      exportIntervalMillis: 3_600_000,
    });
    const provider = new sdk.MeterProvider({ readers: [reader] });
    api.setGlobalMeterProvider(provider);
    return new MetricRecorder(provider, exporter);
  }

  /** All metrics that have measurements, by name, summed since the start. */
  async read(): Promise<Map<string, sdk.MetricData>> {
    this.exporter.reset();
    await this.provider.forceFlush();
    const scopes = this.exporter.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics);
    const found = scopes.flatMap((scope) => scope.metrics);
    return new Map(found.map((metric) => [metric.descriptor.name, metric]));
  }

  /** The values of a metric, each after the values of its attributes; a histogram's is its number of measurements. */
  async values(name: string): Promise<Record<string, number>> {
    const points = (await this.read()).get(name)?.dataPoints ?? [];
    return Object.fromEntries(
      points.map(({ attributes, value }) => [
        Object.values(attributes).join(' '),
        typeof value === 'number' ? value : value.count,
      ]),
    );
  }

  async stop(): Promise<void> {
    api.disable();
    await this.provider.shutdown();
  }
}
