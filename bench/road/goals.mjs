// The goals of the first stage, each a ratio to what pgbench or the same shape did in the same round.

const atLeast = (value) => ({ bound: value, met: (ratio) => ratio >= value, sign: '≥' });
const atMost = (value) => ({ bound: value, met: (ratio) => ratio <= value, sign: '≤' });

const toMinimum = (key) => (round) => round[key] && round[key].perSecond / round.minimum.perSecond;
const perSecond = (key) => (round) => round[key]?.perSecond;

/**
 * Rows of the report. `ratio` and `value` take one round and answer undefined for what was not measured; `goal` is
 * by shape, undefined where the first stage sets none.
 */
export const METRICS = [
  {
    name: 'started and completed, 256 callers, 1 tenant',
    unit: '× A',
    ratio: toMinimum('start'),
    value: perSecond('start'),
    of: '/s',
    goal: { 'one-process': atLeast(0.6), services: atLeast(0.4) },
  },
  {
    name: 'the same, 100 tenants',
    unit: '× A',
    ratio: toMinimum('startMany'),
    value: perSecond('startMany'),
    of: '/s',
    goal: {},
  },
  {
    name: 'with `Prefer: wait`, 64 callers, 1 tenant',
    unit: '× A',
    ratio: toMinimum('wait'),
    value: perSecond('wait'),
    of: '/s',
    goal: { 'one-process': atLeast(0.35), services: atLeast(0.15) },
  },
  {
    name: 'the same, 100 tenants',
    unit: '× A',
    ratio: toMinimum('waitMany'),
    value: perSecond('waitMany'),
    of: '/s',
    goal: {},
  },
  {
    name: 'commits an execution, 256 callers',
    unit: 'commits',
    ratio: (round) => round.start?.commits,
    value: (round) => round.minimum.commits,
    of: ' of A',
    goal: { 'one-process': atMost(0.5), services: atMost(0.5) },
  },
  {
    name: 'Postgres CPU an execution',
    unit: "× A's",
    ratio: (round) => round.start && round.start.postgresMicros / round.minimum.cpuMicros,
    value: (round) => round.start?.postgresMicros,
    of: ' µs',
    goal: { 'one-process': atMost(1), services: atMost(1) },
  },
  {
    name: 'Node CPU an execution, all our processes',
    unit: "× A's Postgres CPU",
    ratio: (round) => round.start && round.start.nodeMicros / round.minimum.cpuMicros,
    value: (round) => round.start?.nodeMicros,
    of: ' µs',
    goal: {},
  },
  {
    name: 'Kafka CPU an execution',
    unit: "× A's Postgres CPU",
    ratio: (round) =>
      round.start?.kafkaMicros ? round.start.kafkaMicros / round.minimum.cpuMicros : undefined,
    value: (round) => round.start?.kafkaMicros,
    of: ' µs',
    goal: {},
  },
  {
    name: 'WAL an execution',
    unit: "× A's",
    ratio: (round) => round.start && round.start.wal / round.minimum.wal,
    value: (round) => round.start?.wal,
    of: ' bytes',
    goal: { 'one-process': atMost(5), services: atMost(5) },
  },
  {
    name: 'idle p50 of `wait`, one caller',
    unit: '× one pgbench pair',
    ratio: (round) => round.latency && round.latency.idle.p50 / round.minimum.idle,
    value: (round) => round.latency?.idle.p50,
    of: ' ms',
    goal: { 'one-process': atMost(10), services: atMost(30) },
  },
  {
    name: 'p99 of `wait` at half load',
    unit: '× idle p50',
    ratio: (round) => round.latency && round.latency.half.p99 / round.latency.idle.p50,
    value: (round) => round.latency?.half.p99,
    of: ' ms',
    goal: { 'one-process': atMost(10), services: atMost(10) },
  },
  ...[
    ['p50 of POST→COMPLETE at 30 % load', 'complete', 'p50'],
    ['p99 of POST→COMPLETE at 30 % load', 'complete', 'p99'],
    ['p50 of `wait` at 30 % load', 'wait', 'p50'],
    ['p99 of `wait` at 30 % load', 'wait', 'p99'],
  ].map(([name, point, percent]) => ({
    name,
    unit: '× idle p50',
    ratio: (round) => round.latency && round.latency[point][percent] / round.latency.idle.p50,
    value: (round) => round.latency?.[point][percent],
    of: ' ms',
    goal: {},
  })),
  {
    name: "quiet tenant's p99 beside a flood",
    unit: '× alone',
    ratio: (round) => round.quiet && round.quiet.beside / round.quiet.alone,
    value: (round) => round.quiet?.beside,
    of: ' ms',
    goal: { 'one-process': atMost(2), services: atMost(2) },
  },
  {
    name: 'row-level security and signed context, 100 tenants',
    unit: '× without',
    ratio: (round) => round.isolation && round.isolation.on / round.isolation.off,
    value: (round) => round.isolation?.off,
    of: '/s without',
    goal: { 'one-process': atLeast(0.85), services: atLeast(0.85) },
  },
];
