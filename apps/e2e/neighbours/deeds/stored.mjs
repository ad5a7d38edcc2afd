// Deeds on what is stored already: so many executions that no tenant could start them here in time are inserted by the
// superuser.
import pg from 'pg';

/** Ended executions of the tenant, three in a hundred thousand of them faulted. */
async function fill({ databaseUrl, tenantId, scale }) {
  const count = scale === 'long' ? 1_000_000 : 50_000;
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const { rows } = await client.query(
      'SELECT count(*)::int AS n FROM (SELECT 1 FROM ef.executions WHERE tenant_id = $1 LIMIT $2) one',
      [tenantId, count],
    );
    if (rows[0].n >= count) return;
    await client.query(
      `INSERT INTO ef.executions (tenant_id, id, flow_namespace, flow_name, flow_version, mode, status, input, output,
         created_at, started_at, ended_at)
       SELECT $1, (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7' ||
                substr(md5(n::text), 1, 3) || '8' || substr(md5(n::text), 4, 15))::uuid,
              'neighbours', 'stored', '1.0.0', 'balanced', CASE WHEN n % 33333 = 7 THEN 'faulted' ELSE 'completed' END,
              '{}', '{}', at, at, at
         FROM generate_series(1, $2::int) n
        CROSS JOIN LATERAL (SELECT clock_timestamp() - interval '300 days' + n * interval '20 seconds' AS at) t`,
      [tenantId, count],
    );
    await client.query(
      `INSERT INTO ef.usage_hourly (tenant_id, hour, flow_namespace, flow_name, mode, executions, cost)
       SELECT $1, date_trunc('hour', now()) - h * interval '1 hour', 'neighbours', 'stored' || f, 'balanced', 5, 0.0175
         FROM generate_series(1, 8000) h, generate_series(1, $2::int) f ON CONFLICT DO NOTHING`,
      [tenantId, scale === 'long' ? 30 : 3],
    );
  } finally {
    await client.end();
  }
}

export const stored = [
  {
    name: 'filtered-lists',
    title: 'lists by status and flow over many executions, 20 readers',
    prepare: fill,
    perform: ({ client, repeat, many }) => {
      const paths = [
        '/v1/executions?status=running',
        '/v1/executions?status=faulted&limit=100',
        '/v1/executions?flow=neighbours/none&limit=100',
        '/v1/executions?flow=neighbours/none&status=completed',
        '/v1/executions?limit=1000',
      ];
      return many(20, (lane) => repeat(() => client.send('GET', paths[lane % paths.length])));
    },
  },
  {
    name: 'usage-of-a-year',
    title: 'a year of usage, four readers',
    prepare: fill,
    perform: ({ client, repeat, many }) => {
      const from = new Date(Date.now() - 340 * 86_400_000).toISOString();
      const path = `/v1/usage?from=${from}&to=${new Date().toISOString()}`;
      return many(4, () => repeat(() => client.send('GET', path)));
    },
  },
];
